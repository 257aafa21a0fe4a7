"""`lienthong keys`: an agency's keys, from the request for a certificate to their renewal."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bus.cli.endings import say_endings
from bus.cli.output import Trouble, emit, emit_fields, emit_file, emit_json, json_option, text
from bus.directory.sources import render_keys
from bus.errors import BadCertificate, Words
from bus.files.edition import load_roots
from bus.files.keys import (
    add_sealing,
    add_signing,
    add_token,
    load_identity,
    load_keyring,
    load_signer,
    load_statements,
    save_certificate,
    save_identity,
    sealing_files,
    signing_files,
)
from bus.files.private import make_private_folder
from bus.files.renewal import (
    is_pending,
    is_unstated,
    key_endings,
    key_file_of,
    key_rows,
    newest_in_force,
    state_sealing_keys,
)
from bus.trust.authority import make_request
from bus.trust.certificates import Certificate, Purpose, names_mailbox
from bus.trust.keys import Algorithm, Identity, SealingKey, SigningKey, new_identity
from bus.trust.renewal import fingerprint as fingerprint_of
from bus.trust.trust_store import TrustStore
from schemas.agency import Mailbox
from schemas.values import MailboxCode

_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_mailbox = click.option("--mailbox", required=True, metavar="CODE", help="Mailbox that the keys are for, as H49.")
_out = click.option("--out", type=click.Path(path_type=Path), help="Write the request here instead of printing it.")
_days = click.option(
    "--sealing-days",
    default=730,
    show_default=True,
    type=click.IntRange(1, 3650),
    help="How long a new sealing key is sealed to, and opens.",
)
_algorithm = click.option(
    "--algorithm",
    type=click.Choice([algorithm.value for algorithm in Algorithm]),
    default=Algorithm.P256.value,
    show_default=True,
    help="How this mailbox signs.",
)


@click.group()
def command() -> None:
    """An agency's keys: request, install, rotate. Khóa của cơ quan.

    Private keys stay in DIR, readable by their owner only. What is printed is public.
    """


@command.command()
@_folder
@_mailbox
@_algorithm
@_days
@click.option("--token-module", metavar="FILE", help="PKCS#11 library: the signing key is made in its token.")
@click.option("--token-label", metavar="TEXT", help="Which token.")
@click.option("--token-key", metavar="TEXT", help="Label of the key there.  [default: the mailbox's code]")
@click.option("--token-pin-file", metavar="FILE", help="File with the PIN, mode 600.")
@_out
def request(
    folder: Path,
    mailbox: MailboxCode,
    algorithm: str,
    sealing_days: int,
    token_module: str | None,
    token_label: str | None,
    token_key: str | None,
    token_pin_file: str | None,
    out: Path | None,
) -> None:
    """Make keys in DIR, and a request for their certificate. Tạo khóa và yêu cầu cấp chứng thư.

    The request is PKCS#10 (PEM), with the sealing keys that this mailbox states behind it; send it to the authority.
    Asked again before a certificate is installed, it gives the same keys.
    """
    _check(mailbox)
    make_private_folder(folder)
    if not sealing_files(folder):
        add_sealing(folder, SealingKey.generate())
    if not signing_files(folder):
        if token_module:
            add_token(
                folder, module=token_module, token=token_label or "", key=token_key or mailbox, pin=token_pin_file or ""
            )
        else:
            add_signing(folder, SigningKey.generate(Algorithm(algorithm)))
    _request(folder, mailbox, sealing_days, out)
    said = fingerprint_of(load_signer(signing_files(folder)[0]).public)
    emit(
        f"Khóa nằm tại {folder}; gửi yêu cầu này cho cơ quan cấp chứng thư, rồi: lienthong keys install {folder} CERT",
        f"The keys lie in {folder}; send this request to the authority, then: lienthong keys install {folder} CERT",
        "Đọc vân tay này cho cơ quan cấp chứng thư khi họ gọi. Read this fingerprint to the authority when it calls:",
        f"    {said}",
        err=True,
    )


@command.command()
@_folder
def fingerprint(folder: Path) -> None:
    """Print the fingerprint that the authority asks for before it issues a first certificate. Vân tay của khóa ký.

    It is that of the newest signing key, which the request is for: eight groups of four digits, to be read out whole.
    """
    emit(fingerprint_of(load_keyring(folder).signing[0].public))


@command.command()
@_folder
@click.argument("certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--root", type=click.Path(path_type=Path), help="PEM of the roots that must vouch for it.")
def install(folder: Path, certificate: Path, root: Path | None) -> None:
    """Take back the certificate, after checking that it fits. Cài chứng thư đã được cấp."""
    chain = Certificate.from_pem(certificate.read_bytes())
    leaf = chain[0]
    path = key_file_of(folder, leaf)
    statements = load_statements(folder).values()
    mailbox = next((each.mailbox for each in statements), leaf.name)
    if not names_mailbox(leaf, mailbox):
        raise BadCertificate(
            name=leaf.name, why=Words(f"nó không mang tên {mailbox}", f"it is not in the name of {mailbox}")
        )
    now = datetime.now(UTC)
    if now > leaf.until:
        raise BadCertificate(name=leaf.name, why=f"it expired at {text(leaf.until)}")
    # Without roots at least its purpose and its own issuers, if they came with it.
    trust_store = TrustStore(load_roots(root) if root else chain[-1:], chain[1:])
    trust_store.validity(leaf, Purpose.MAILBOX)
    where = save_certificate(path, b"".join(each.to_pem() for each in chain))
    emit_fields(
        {
            "chứng thư / certificate": where,
            "hộp thư / mailbox": leaf.name,
            "số hiệu / serial": f"{leaf.serial:x}",
            "hết hạn / until": leaf.until,
            "người cấp / issuer": leaf.parsed.issuer.rfc4514_string(),
        }
    )
    if root is None:
        emit("Chưa đối chiếu với gốc: thêm --root. Not checked against a root: give --root.", err=True)


@command.command()
@_folder
@_mailbox
@click.option("--only", type=click.Choice(["signing", "sealing"]), help="Renew one of the two.")
@click.option("--withdraw-older", is_flag=True, help="Nobody seals to an older key any more: one was stolen.")
@_algorithm
@_days
@_out
def rotate(
    folder: Path,
    mailbox: MailboxCode,
    only: str | None,
    withdraw_older: bool,
    algorithm: str,
    sealing_days: int,
    out: Path | None,
) -> None:
    """Make the next keys, and a request for them, signed by the key in force. Thay khóa, không dừng dịch vụ.

    The daemon goes on with the old ones. It uses the new signing key as soon as its certificate is installed and the
    directory names it; old sealing keys open until their end. Doing it twice before that makes no second pair.
    """
    _check(mailbox)
    load_keyring(folder)
    pending, unstated = is_pending(folder), is_unstated(folder)
    if only != "signing" and not unstated and not (pending and only is None):
        add_sealing(folder, SealingKey.generate())
    # Last: a signing key that waits for its certificate says that the pair is complete.
    if only != "sealing" and not pending:
        add_signing(folder, SigningKey.generate(Algorithm(algorithm)))
    if not _request(folder, mailbox, sealing_days, out, withdraw=withdraw_older):
        emit(
            "Không khóa nào có chứng thư còn hạn ở đây: cơ quan cấp chứng thư sẽ hỏi vân tay, như lần đầu.",
            "No key here has a certificate that still counts: the authority will ask for the fingerprint, as "
            f"at first: lienthong keys fingerprint {folder}",
            err=True,
        )
    emit(
        "Khóa cũ vẫn dùng. Gửi yêu cầu này; khi có chứng thư: lienthong keys install; khóa mới được dùng "
        "ngay khi danh mục ghi nó.",
        "The old keys stay in use. Send this request; once you have the certificate: lienthong keys "
        "install; the new ones are used as soon as the directory names them.",
        err=True,
    )


@command.command()
@_folder
@_mailbox
@_algorithm
@json_option
def new(folder: Path, mailbox: MailboxCode, algorithm: str, as_json: bool) -> None:
    """Make keys without any certificate, for a trial with an unsigned directory. DIR must hold none yet."""
    _check(mailbox)
    identity = new_identity(Algorithm(algorithm))
    save_identity(folder, identity)
    _emit(identity, mailbox, as_json=as_json)


@command.command()
@_folder
@click.option("--mailbox", metavar="CODE", help="Print the entry of an unsigned directory instead.")
@json_option
def show(folder: Path, mailbox: MailboxCode | None, as_json: bool) -> None:
    """Show the keys in DIR, their certificates and ends. Never a private key. Xem khóa và hạn dùng."""
    if mailbox is not None:
        _check(mailbox)
        _emit(load_identity(folder), mailbox, as_json=as_json)
        return
    rows = list(key_rows(folder, now=datetime.now(UTC)))
    if as_json:
        emit_json(rows)
        return
    for row in rows:
        state = {"pending": "chờ chứng thư / pending", "held": "", "over": "đã hết hạn / over"}[str(row["state"])]
        until = f"đến / until {text(row['until'])}" if row["until"] else ""
        line = f"{row['kind']:<8} {row['key']}  {row['file']:<18} {until} {state}".rstrip()
        emit(Trouble(line) if row["state"] == "over" else line)


@command.command()
@_folder
@json_option
def expiring(folder: Path, as_json: bool) -> None:
    """What ends within 30 days. Exit code: 0 nothing, 3 something. Những gì sắp hết hạn."""
    say_endings(key_endings(folder), as_json=as_json)


# -- how ---------------------------------------------------------------------------------------------------------------


def _request(
    folder: Path, mailbox: MailboxCode, sealing_days: int, out: Path | None, *, withdraw: bool = False
) -> bool:
    """States every sealing key that is still open under the newest signing key, and asks for that one's certificate;
    whether the key in force has signed the request."""
    signer = load_signer(signing_files(folder)[0])
    lasts = timedelta(days=sealing_days)
    statements = list(state_sealing_keys(folder, mailbox, signer, lasts=lasts, now=_now(), withdraw=withdraw))
    in_force = newest_in_force(folder, now=_now())
    pem = make_request(signer, mailbox=mailbox, statements=statements, in_force=in_force)
    if out is None:
        emit_file(pem.decode("ascii"))
    else:
        out.write_bytes(pem)
        emit(f"{out}", err=True)
    return in_force is not None


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _check(mailbox: str) -> None:
    try:
        Mailbox(code=mailbox)
    except ValueError as exc:
        raise click.BadParameter(f"{mailbox!r} is no mailbox code", param_hint="--mailbox") from exc


def _emit(identity: Identity, mailbox: MailboxCode, *, as_json: bool) -> None:
    signing = identity.signing.public
    if as_json:
        emit_json(
            {
                "mailbox": mailbox,
                "signing": [{"id": signing.id, "algorithm": signing.algorithm}],
                "sealing": [{"id": key.id} for key in identity.sealing],
            }
        )
        return
    sealing = [key.public.to_bytes() for key in identity.sealing]
    emit_file(render_keys(mailbox, signing=[signing.to_bytes()], sealing=sealing))
