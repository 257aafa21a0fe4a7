"""The authority of a pilot as a folder. Keys for their owner only; an index of what was issued, a line a certificate.

root.pem, root.key        the root; once the issuer is made, its key belongs in a safe, off this machine
issuer.pem, issuer.key    issues
vouching.pem              the issuer, signed by itself: a broker's one anchor (`topology settings --anchor`)
root.token, issuer.token  instead of a .key: which token holds the key (authority_keys.py)
index.jsonl               serial, code, purpose, issued, until, and when and why revoked
issued/H49-1a2b….pem      every certificate, its issuer's behind it
crl.pem                   what was revoked; no next one lacks an entry of it
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

from bus.errors import BadCertificate, BadConfig, of_system, said
from bus.files.authority_keys import check_unfounded, load_authority, save_key
from bus.files.private import make_private_folder, write_public
from bus.trust.authority import BACKDATED, Authority, Withdrawal, anchor_of, revocation_list, withdrawals_of
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.endings import Ending
from schemas.codes import Label

CRL_LASTS: Final = timedelta(days=90)
ROOT_CRL: Final = "root-crl.pem"
"""The issuers that the root has revoked (issuers.py)."""
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
    """From when on it does not count."""
    reason: str | None = None
    noted: str | None = None
    """When the authority was told to revoke it; None for what was revoked before 0.2.0."""

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
        """The end of the revocation list in this folder. Raises BadCertificate."""
        return RevocationList.from_pem(self.crl.read_bytes()).until

    def issued(self) -> list[Issued]:
        """In the order they were issued."""
        try:
            lines = self._index.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [Issued(**json.loads(line)) for line in lines]

    def held(self, code: str, now: datetime) -> list[Issued]:
        """Certificates of a mailbox that are neither revoked nor over."""
        mailboxes = (line for line in self.issued() if line.purpose == Purpose.MAILBOX)
        return [line for line in mailboxes if line.code == code and line.counts(now)]

    def in_force(self, code: str, now: datetime) -> list[Certificate]:
        """The certificates of `held`: whose keys speak for the mailbox."""
        files = (self._file(line.code, line.serial) for line in self.held(code, now))
        return [Certificate.from_pem(file.read_bytes())[0] for file in files]

    def endings(self, now: datetime) -> Iterator[Ending]:
        """When the revocation list, the authority, and the last certificate for each code and purpose end."""
        if (until := self.crl_until) is not None:
            yield Ending(Label("danh sách thu hồi", "revocation list"), until)
        listed = self.folder / ROOT_CRL
        if listed.exists() and (until := RevocationList.from_pem(listed.read_bytes()).until) is not None:
            yield Ending(Label("danh sách thu hồi của gốc", "the root's revocation list"), until)
        yield Ending(Label("gốc", "root"), self.root.until)
        yield Ending(Label("nơi cấp", "issuer"), self.issuer.certificate.until)
        last = dict[tuple[str, str], datetime]()
        for line in self.issued():
            if line.counts(now):
                until, key = datetime.fromisoformat(line.until), (line.code, line.purpose)
                last[key] = max(until, last.get(key, until))
        for (code, purpose), until in last.items():
            yield Ending(Label(f"chứng thư {code} ({purpose})", f"certificate of {code} ({purpose})"), until)

    def add(self, certificate: Certificate, purpose: Purpose, *, at: datetime) -> Path:
        """Keeps a certificate and its chain. Returns its file."""
        path = self._file(certificate.name, f"{certificate.serial:x}")
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

    def began(self, line: Issued) -> datetime:
        """The first moment at which a certificate counts. Raises BadConfig."""
        try:
            return Certificate.from_pem(self._file(line.code, line.serial).read_bytes())[0].since
        except FileNotFoundError:  # it was being issued when the machine died
            return datetime.fromisoformat(line.issued) - BACKDATED

    def revoke(self, serials: set[str], *, at: datetime, reason: str, since: datetime | None = None) -> None:
        """Marks them, and makes a new revocation list. They do not count from `since` on, from `at` where absent; one
        that began later, from its own beginning."""
        self._write(
            [
                line
                if line.serial not in serials or line.revoked is not None
                else replace(
                    line, revoked=max(since or at, self.began(line)).isoformat(), reason=reason, noted=at.isoformat()
                )
                for line in self.issued()
            ]
        )
        self.write_crl(at=at)

    def write_anchor(self) -> None:
        """A folder made before 0.2 has root and issuer in that file."""
        write_public(self.folder / "vouching.pem", anchor_of(self.issuer).to_pem())

    def write_crl(self, *, at: datetime, first: bool = False) -> None:
        """With what the list there names, too: an index that was lost, or is an old copy, gives no certificate back.
        Raises BadConfig where neither is there, unless it is the first list."""
        if not (first or self.crl.exists() or self._index.exists()):
            why = said(
                "mất cả crl.pem lẫn index.jsonl, danh sách mới sẽ bỏ sót",
                "crl.pem and index.jsonl are both gone, a new list would forget",
            )
            do = said("Chép lại hai tệp đó từ bản sao lưu.", "Bring them back from the backup.")
            raise BadConfig(file=self.crl, why=why, do=do)
        listed = withdrawals_of(read_list(self.crl, self.issuer.certificate)) if self.crl.exists() else {}
        known = {
            int(line.serial, 16): Withdrawal(
                serial=int(line.serial, 16),
                at=datetime.fromisoformat(line.revoked),
                reason=REASONS.get(line.reason or "", x509.ReasonFlags.unspecified),
            )
            for line in self.issued()
            if line.revoked is not None
        }
        number = int(at.timestamp())  # goes up by itself, whatever is lost of the folder
        withdrawals = (listed | known).values()
        made = revocation_list(self.issuer, withdrawals, at=at, until=at + CRL_LASTS, number=number)
        write_public(self.crl, made.to_pem())

    @property
    def _index(self) -> Path:
        return self.folder / "index.jsonl"

    def _file(self, code: str, serial: str) -> Path:
        return self.folder / "issued" / f"{code}-{serial}.pem"

    def _write(self, lines: list[Issued]) -> None:
        text = "".join(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in lines)
        write_public(self._index, text.encode())


def read_list(file: Path, issuer: Certificate) -> RevocationList:
    """An issuer's own list. Raises BadCertificate, and BadConfig for another's: its entries would be lost, or mixed."""
    found = RevocationList.from_pem(file.read_bytes())
    if not found.signed_by(issuer):
        why = said("không phải danh sách của {name}", "it is no list of {name}", name=issuer.name)
        raise BadConfig(file=file, why=why)
    return found


def create_registry(folder: Path, root: Authority, issuer: Authority, *, at: datetime) -> Registry:
    """Raises BadConfig where there is an authority already."""
    check_unfounded(folder)
    make_private_folder(folder)
    save_key(folder, "root", root)
    return found_registry(folder, root.certificate, issuer, at=at)


def found_registry(folder: Path, root: Certificate, issuer: Authority, *, at: datetime) -> Registry:
    """A new folder for one issuer below the root, with its first list."""
    make_private_folder(folder)
    make_private_folder(folder / "issued")
    save_key(folder, "issuer", issuer)
    write_public(folder / "root.pem", root.to_pem())
    write_public(folder / "issuer.pem", issuer.certificate.to_pem())
    registry = Registry(folder, root, issuer)
    registry.write_anchor()
    registry.write_crl(at=at, first=True)
    return registry


@contextmanager
def registry_of(folder: Path) -> Iterator[Registry]:
    """Opened for one command at a time: another waits. Raises BadConfig."""
    try:
        with (folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            root = Certificate.from_pem((folder / "root.pem").read_bytes())[0]
            yield Registry(folder, root, load_authority(folder, "issuer"))
    except BadCertificate as exc:
        if exc.facts.get("name") == "?":
            raise BadConfig(file=folder, why=exc.facts["why"]) from exc
        raise
    except OSError as exc:
        do = said(
            "Ghi đúng thư mục của cơ quan cấp chứng thư, hoặc tạo mới: lienthong ca init.",
            "Name the authority's folder, or make one: lienthong ca init.",
        )
        raise BadConfig(file=folder, why=of_system(exc), do=do) from exc
