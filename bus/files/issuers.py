"""The issuers below one root, one after the other. Each has a folder of its own (authority.py); the root's list names
those that count no more. Only here is a root's key read again once its first issuer is made.

root.pem, root.key        of the folder that the root was founded in, or that its key was brought to
root-crl.pem              the issuers that the root has revoked. Not copied into the next issuer's folder: it would be
                          out of date there as soon as this issuer is revoked
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature

from bus.errors import BadCertificate, BadConfig, said
from bus.files.authority import REASONS, ROOT_CRL, Registry, found_registry, read_list
from bus.files.authority_keys import load_authority
from bus.files.private import write_public
from bus.trust.authority import Authority, Withdrawal, new_issuer, revocation_list, withdrawals_of
from bus.trust.certificates import Certificate

ROOT_CRL_LASTS: Final = timedelta(days=400)
"""A root leaves its safe once a year."""


def load_root(folder: Path) -> Authority:
    """Raises BadConfig, and BadCertificate where certificate and key are not of one root."""
    if not (folder / "root.pem").exists() or not any((folder / f"root.{kind}").exists() for kind in ("key", "token")):
        why = said("chứng thư và khóa của gốc ở trong két", "the root's certificate and key are in the safe")
        raise BadConfig(file=folder / "root.pem", why=why)
    return load_authority(folder, "root")


def create_next_registry(folder: Path, root: Authority, name: str, *, at: datetime) -> Registry:
    """A new issuer below the root, in a folder of its own, which never holds the root's key. Raises BadConfig where
    there is an authority already."""
    return found_registry(folder, root.certificate, new_issuer(root, name, at=at), at=at)


def found_root_list(folder: Path, root: Authority, *, at: datetime) -> Path:
    """The root's first list, of nobody."""
    return _write(folder, root, (), at=at)


def write_root_list(folder: Path, *, at: datetime, withdrawn: Withdrawal | None = None, first: bool = False) -> Path:
    """Makes the root's list anew, with what it named before, and one more. The first word about an issuer stays. Raises
    BadConfig where the list before is not there, unless this is the first; and where it is said to be the first, and is
    not."""
    root, file = load_root(folder), folder / ROOT_CRL
    if not first and not file.exists():
        why = said(
            "danh sách trước của gốc không có ở đây, danh sách mới sẽ bỏ sót nơi cấp đã thu hồi",
            "the root's list before is not here, a new one would forget the issuers that it revoked",
        )
        do = said(
            "Chép nó từ thư mục có lệnh revoke-issuer gần nhất; gốc chưa từng có danh sách nào thì --first.",
            "Copy it from the folder of the last revoke-issuer; where this root never had a list: --first.",
        )
        raise BadConfig(file=file, why=why, do=do)
    if first and file.exists():
        raise BadConfig(file=file, why=said("đã có danh sách, bỏ --first", "there is a list: without --first"))
    before = {} if first else withdrawals_of(read_list(file, root.certificate))
    if withdrawn is not None:
        before.setdefault(withdrawn.serial, withdrawn)
    return _write(folder, root, before.values(), at=at)


def withdrawal_of(issuer: Certificate, root: Certificate, *, reason: str, since: datetime) -> Withdrawal:
    """Raises BadCertificate for a certificate that is not the root's to revoke."""
    try:
        issuer.parsed.verify_directly_issued_by(root.parsed)
    except (ValueError, TypeError, InvalidSignature) as exc:
        raise BadCertificate(name=issuer.name, why=said("gốc này không cấp nó", "this root has not issued it")) from exc
    return Withdrawal(serial=issuer.serial, at=max(since, issuer.since), reason=REASONS[reason])


def _write(folder: Path, root: Authority, withdrawals: Iterable[Withdrawal], *, at: datetime) -> Path:
    made = revocation_list(root, withdrawals, at=at, until=at + ROOT_CRL_LASTS, number=int(at.timestamp()))
    write_public(folder / ROOT_CRL, made.to_pem())
    return folder / ROOT_CRL
