"""The authority of a pilot as a folder. Keys for their owner only; an index of what was issued, a line a certificate.

root.pem, root.key        the root; once the issuer is made, its key belongs in a safe, off this machine
issuer.pem, issuer.key    issues
vouching.pem              both certificates, for a broker's cacertfile
index.jsonl               serial, code, purpose, issued, until, and when and why revoked
issued/H49-1a2b….pem      every certificate, its issuer's behind it
crl.pem                   what was revoked
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from bus.authority import Authority, Withdrawal, revocation_list
from bus.certificates import Certificate, Purpose, RevocationList
from bus.errors import BadCertificate, BadConfig
from bus.files.private import create_private, make_private_folder, read_private, write_public

CRL_LASTS: Final = timedelta(days=90)
REASONS: Final = {
    "unspecified": x509.ReasonFlags.unspecified,
    "key-compromise": x509.ReasonFlags.key_compromise,
    "cessation": x509.ReasonFlags.cessation_of_operation,
    "superseded": x509.ReasonFlags.superseded,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One line of the index. Times are ISO 8601."""

    serial: str
    """Hexadecimal."""
    code: str
    purpose: str
    issued: str
    until: str
    revoked: str | None = None
    reason: str | None = None

    def counts(self, now: datetime) -> bool:
        return self.revoked is None and now <= datetime.fromisoformat(self.until)


@dataclass(frozen=True, slots=True)
class Registry:
    """An authority's folder, opened."""

    folder: Path
    root: Certificate
    issuer: Authority

    @property
    def crl(self) -> Path:
        return self.folder / "crl.pem"

    @property
    def crl_until(self) -> datetime | None:
        """When the revocation list that lies here ends. Raises BadCertificate."""
        return RevocationList.from_pem(self.crl.read_bytes()).until

    def issued(self) -> list[Issued]:
        """In the order they were issued."""
        try:
            lines = (self.folder / "index.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [Issued(**json.loads(line)) for line in lines]

    def add(self, certificate: Certificate, purpose: Purpose, *, at: datetime) -> Path:
        """Keeps a certificate and its chain; where it lies."""
        path = self.folder / "issued" / f"{certificate.name}-{certificate.serial:x}.pem"
        line = Issued(
            serial=f"{certificate.serial:x}",
            code=certificate.name,
            purpose=purpose.value,
            issued=at.isoformat(),
            until=certificate.until.isoformat(),
        )
        # The list first: what is not in it could never be revoked.
        self._write([*self.issued(), line])
        write_public(path, certificate.to_pem() + self.issuer.certificate.to_pem())
        return path

    def revoke(self, serials: set[str], *, at: datetime, reason: str) -> None:
        """Marks them, and makes a new revocation list."""
        self._write(
            [
                replace(line, revoked=at.isoformat(), reason=reason)
                if line.serial in serials and line.revoked is None
                else line
                for line in self.issued()
            ]
        )
        self.write_crl(at=at)

    def write_crl(self, *, at: datetime) -> None:
        withdrawals = [
            Withdrawal(
                serial=int(line.serial, 16),
                at=datetime.fromisoformat(line.revoked),
                reason=REASONS.get(line.reason or "", x509.ReasonFlags.unspecified),
            )
            for line in self.issued()
            if line.revoked is not None
        ]
        number = int(at.timestamp())  # goes up by itself, whatever is lost of the folder
        made = revocation_list(self.issuer, withdrawals, at=at, until=at + CRL_LASTS, number=number)
        write_public(self.crl, made.to_pem())

    def _write(self, lines: list[Issued]) -> None:
        text = "".join(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in lines)
        write_public(self.folder / "index.jsonl", text.encode())


def create_registry(folder: Path, root: Authority, issuer: Authority, *, at: datetime) -> Registry:
    """Raises BadConfig where there is an authority already."""
    make_private_folder(folder)
    make_private_folder(folder / "issued")
    create_private(folder / "root.key", root.key_pem())
    create_private(folder / "issuer.key", issuer.key_pem())
    write_public(folder / "root.pem", root.certificate.to_pem())
    write_public(folder / "issuer.pem", issuer.certificate.to_pem())
    write_public(folder / "vouching.pem", root.certificate.to_pem() + issuer.certificate.to_pem())
    registry = Registry(folder, root.certificate, issuer)
    registry.write_crl(at=at)
    return registry


@contextmanager
def registry_of(folder: Path) -> Iterator[Registry]:
    """Opened for one command at a time: another waits. Raises BadConfig."""
    try:
        with (folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            root = Certificate.from_pem((folder / "root.pem").read_bytes())[0]
            issuer = Authority.from_pem((folder / "issuer.pem").read_bytes(), read_private(folder / "issuer.key"))
            yield Registry(folder, root, issuer)
    except BadCertificate as exc:
        if exc.facts.get("name") == "?":
            raise BadConfig(file=folder, why=str(exc.facts["why"])) from exc
        raise
    except OSError as exc:
        why = f"{exc.strerror}; lienthong ca init makes an authority / tạo cơ quan cấp chứng thư"
        raise BadConfig(file=folder, why=why) from exc
