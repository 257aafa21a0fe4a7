"""The renewal of a mailbox's keys in their folder: which wait for a certificate, which are stated, when they end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bus.errors import BadConfig, said
from bus.files.keys import (
    load_certificates,
    load_keyring,
    load_signer,
    load_statements,
    save_statement,
    sealing_files,
    signing_files,
)
from bus.trust.certificates import Certificate
from bus.trust.endings import Ending
from bus.trust.keys import Signer
from bus.trust.statements import SealingStatement
from schemas.codes import Label
from schemas.values import MailboxCode


def is_pending(folder: Path) -> bool:
    """Whether the newest signing key has no certificate yet."""
    return load_signer(signing_files(folder)[0]).id not in load_certificates(folder)


def newest_in_force(folder: Path, *, now: datetime) -> Signer | None:
    """The newest signing key whose certificate is installed and has not ended; None where there is none. It proves a
    request for the next one."""
    certificates = load_certificates(folder)
    signers = map(load_signer, signing_files(folder))
    return next((each for each in signers if (chain := certificates.get(each.id)) and now <= chain[0].until), None)


def is_unstated(folder: Path) -> bool:
    """Whether the newest sealing key has no statement yet: the command that made it was interrupted."""
    return load_keyring(folder).sealing[0].key.id not in load_statements(folder)


def state_sealing_keys(
    folder: Path, mailbox: MailboxCode, signer: Signer, *, lasts: timedelta, now: datetime, withdraw: bool = False
) -> Iterator[SealingStatement]:
    """The statements of all sealing keys that still open, under this signing key; missing ones are made and saved.

    A new key's serial is the time, so that it goes up by itself, whatever is lost of the folder. `withdraw`: the newest
    key's statement withdraws all before it, and they are stated no more."""
    before = load_statements(folder)
    least = max((each.withdraws for each in before.values()), default=0)
    newest = max((int(now.timestamp()), *(each.serial + 1 for each in before.values())))
    ring = load_keyring(folder).sealing
    unstated = [held.key.id for held in reversed(ring) if held.key.id not in before]
    for path, held in zip(sealing_files(folder), ring, strict=True):
        known = before.get(held.key.id)
        if known is not None and (known.until <= now or known.serial < least):
            continue
        serial = known.serial if known else newest + unstated.index(held.key.id)
        if withdraw and held is ring[0]:
            # A key stated before there were serials gets one: only with it can it stand above what it withdraws.
            serial = serial or newest
            least = serial
        if (
            known is None
            or known.signed_by != signer.id
            or known.mailbox != mailbox
            or (known.serial, known.withdraws) != (serial, least)
        ):
            since, until = (known.since, known.until) if known else (now, now + lasts)
            known = SealingStatement.sign(
                held.key.public,
                mailbox=mailbox,
                since=since,
                until=until,
                signer=signer,
                serial=serial,
                withdraws=least,
            )
            save_statement(path, known)
        yield known


def key_file_of(folder: Path, certificate: Certificate) -> Path:
    """The file of the private key that a certificate is for. Raises BadConfig."""
    public = certificate.public_key
    for path in signing_files(folder):
        if load_signer(path).public.to_bytes() == public:
            return path
    why = said("không có khóa của chứng thư này ({name})", "no key of this certificate, {name}", name=certificate.name)
    raise BadConfig(file=folder, why=why)


def key_rows(folder: Path, *, now: datetime) -> Iterator[dict[str, object]]:
    """Each key as kind, key, file, until and state: "pending", "held" or "over". Newest first, signing keys first."""
    certificates, statements = load_certificates(folder), load_statements(folder)
    for path in signing_files(folder):
        signer = load_signer(path)
        chain = certificates.get(signer.id)
        until = chain[0].until if chain else None
        state = "pending" if until is None else "over" if until < now else "held"
        yield {"kind": "signing", "key": signer.id, "file": path.name, "until": until, "state": state}
    for path, held in zip(sealing_files(folder), load_keyring(folder).sealing, strict=True):
        stated = statements.get(held.key.id)
        until = stated.until if stated else None
        state = "over" if until and until < now else "held"
        yield {"kind": "sealing", "key": held.key.id, "file": path.name, "until": until, "state": state}


def key_endings(folder: Path) -> Iterator[Ending]:
    """When the last certificate and the last sealing key end."""
    certificates = [chain[0].until for chain in load_certificates(folder).values()]
    if certificates:
        yield Ending(Label("chứng thư ký", "signing certificate"), max(certificates))
    stated = [each.until for each in load_statements(folder).values()]
    if stated:
        yield Ending(Label("khóa niêm phong", "sealing key"), max(stated))
