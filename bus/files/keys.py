"""The private keys of a mailbox as a folder, and a password as a file. The bytes are parsed in bus/trust/keys.py; here,
only the owner may read them, and no key is ever overwritten.

    signing-1.pem    signs dockets, and speaks for the mailbox in TLS; a higher number is newer
    signing-1.crt    its certificate, the issuer's behind it, once the authority gave one
    signing-2.token  instead of a .pem: where a key lies that never leaves its token (bus/token)
    tls-1.pem, .crt  beside a token: a second certificate of the same agency, for TLS only, which needs a key in a file
    sealing-1.pem    opens content
    sealing-1.pub    what the mailbox states of it: from when to when to seal to it
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from bus.errors import BadCertificate, BadConfig, BadDirectory, of_system, quoted, said
from bus.files.private import create_private, make_private_folder, read_private, write_public
from bus.files.texts import text_of
from bus.trust.certificates import Certificate
from bus.trust.keys import HeldSealing, Identity, KeyId, Keyring, SealingKey, Signer, SigningKey
from bus.trust.statements import SealingStatement

_KEY: Final = re.compile(r"(signing|tls|sealing)-([0-9]{1,9})\.(pem|token)")

_Key = TypeVar("_Key", SigningKey, SealingKey)

OTHER_NAME: Final = said(
    "Chọn tên khác, hoặc tự cất tệp đang có đi trước.", "Choose another name, or put away what is there first."
)
"""The next step where something would be overwritten."""
_MAKE_KEYS: Final = said(
    "Tạo khóa: lienthong keys new, hoặc ghi đúng thư mục khóa trong cấu hình.",
    "Make keys with lienthong keys new, or name the right folder in the configuration.",
)


def save_identity(folder: Path, identity: Identity) -> None:
    """Makes the folder if need be. Raises BadConfig where it holds keys already, or cannot be written."""
    make_private_folder(folder)
    if taken := [*_files(folder, "signing"), *_files(folder, "sealing")]:
        raise BadConfig(
            file=taken[0],
            why=said("đã có khóa, không ghi đè", "holds keys already; they are never overwritten"),
            do=OTHER_NAME,
        )
    assert isinstance(identity.signing, SigningKey), "a key in a token is saved by its token"
    for key in reversed(identity.sealing):
        add_sealing(folder, key)
    add_signing(folder, identity.signing)


def add_signing(folder: Path, key: SigningKey) -> Path:
    """Puts a newer signing key beside those already there."""
    return _add(folder, "signing", key.to_pem())


def add_sealing(folder: Path, key: SealingKey) -> Path:
    """Puts a newer sealing key beside those already there, which go on opening."""
    return _add(folder, "sealing", key.to_pem())


def add_token(folder: Path, *, module: str, token: str, key: str, pin: str) -> Path:
    """Makes a signing key inside a token, and the file that names it. Raises BadConfig."""
    from bus.token.pkcs11 import TokenSettings, make_key

    settings = TokenSettings(module=module, token=token, key=key, pin_file=pin)
    path = _next(folder, "signing").with_suffix(".token")
    make_key(settings, file=path, secret=read_secret)
    create_private(path, settings.to_toml())
    return path


def _add(folder: Path, kind: str, pem: bytes) -> Path:
    path = _next(folder, kind)
    create_private(path, pem)
    return path


def _next(folder: Path, kind: str) -> Path:
    files = _files(folder, kind)
    return folder / f"{kind}-{_number(files[0]) + 1 if files else 1}.pem"


def load_identity(folder: Path) -> Identity:
    """The newest signing key and every sealing key. Raises BadConfig where a key is missing, broken, or readable by
    others than its owner."""
    ring = load_keyring(folder)
    return Identity(ring.signing[0], tuple(held.key for held in ring.sealing))


def load_keyring(folder: Path) -> Keyring:
    """Raises BadConfig as `load_identity` does."""
    signing, sealing = _files(folder, "signing"), _files(folder, "sealing")
    for kind, found in (("signing", signing), ("sealing", sealing)):
        if not found:
            raise BadConfig(
                file=folder,
                why=said("không có {kind}-*.pem", "no {kind}-*.pem in this folder", kind=kind),
                do=_MAKE_KEYS,
            )
    stated = load_statements(folder)
    held = []
    for path in sealing:
        key = _load(path, SealingKey.from_pem)
        held.append(_held(key, stated.get(key.id)))
    return Keyring(tuple(map(load_signer, signing)), tuple(held))


def _held(key: SealingKey, stated: SealingStatement | None) -> HeldSealing:
    if stated is None:
        return HeldSealing(key)
    return HeldSealing(key, stated.until, stated.since, stated.serial, stated.withdraws)


def load_signer(path: Path) -> Signer:
    if path.suffix == ".token":
        from bus.token.pkcs11 import open_signer

        return open_signer(read_private(path), file=path, secret=read_secret)
    return _load(path, SigningKey.from_pem)


def signing_files(folder: Path) -> list[Path]:
    """Newest first."""
    return _files(folder, "signing")


def sealing_files(folder: Path) -> list[Path]:
    """Newest first."""
    return _files(folder, "sealing")


def load_certificates(folder: Path) -> dict[KeyId, tuple[Certificate, ...]]:
    """The chains that are there, by the key that each is for."""
    chains = [_chain(path) for path in sorted(_listed(folder)) if path.suffix == ".crt"]
    return {chain[0].verify_key().id: chain for chain in chains}


def load_statements(folder: Path) -> dict[KeyId, SealingStatement]:
    """The statement of each sealing key that has one."""
    found: dict[KeyId, SealingStatement] = {}
    for path in sorted(_listed(folder)):
        if path.suffix == ".pub":
            try:
                found |= {each.key.id: each for each in SealingStatement.from_pem(_read_public(path))}
            except BadDirectory as exc:
                raise BadConfig(file=path, why=exc.facts["why"]) from exc
    return found


def save_statement(path: Path, statement: SealingStatement) -> None:
    """Beside the sealing key in `path`, in the place of an older statement."""
    write_public(path.with_suffix(".pub"), statement.to_pem())


def save_certificate(path: Path, chain: bytes) -> Path:
    """Beside the key in `path`. Raises BadConfig where it has another already."""
    file = path.with_suffix(".crt")
    if file.exists() and _read_public(file) != chain:
        raise BadConfig(
            file=file,
            why=said("đã có chứng thư, không ghi đè", "there is one already; it is never overwritten"),
            do=OTHER_NAME,
        )
    write_public(file, chain)
    return file


def tls_files(folder: Path) -> tuple[Path, Path]:
    """Certificate and key of the newest pair whose key is in a file. Raises BadConfig where there is none."""
    for kind in ("tls", "signing"):
        for path in _files(folder, kind):
            certificate = path.with_suffix(".crt")
            if path.suffix == ".pem" and certificate.exists():
                read_private(path)  # refuses what others may read
                return certificate, path
    why = said("chưa có chứng thư nào", "no certificate is installed")
    do = said(
        "Cài chứng thư trung tâm đã cấp: lienthong keys install.",
        "Install what the centre issued: lienthong keys install.",
    )
    raise BadConfig(file=folder, why=why, do=do)


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """A value that changes whenever the folder does; cheap."""
    found = []
    for path in _listed(folder):
        try:
            status = path.stat()
        except OSError:
            continue  # it is being replaced: the next look sees it
        found.append((path.name, status.st_mtime_ns, status.st_size))
    return tuple(sorted(found))


def read_secret(path: Path) -> str:
    """A password: the file's first line. Raises BadConfig as `load_identity` does."""
    lines = text_of(read_private(path), file=path).splitlines()
    if not lines or not lines[0]:
        raise BadConfig(file=path, why=said("dòng đầu trống", "its first line is empty"))
    return lines[0]


def _load(path: Path, from_pem: Callable[[bytes], _Key]) -> _Key:
    data = read_private(path)
    try:
        return from_pem(data)
    except ValueError as exc:
        raise BadConfig(
            file=path, why=said("không đọc được khóa trong đó ({exc})", "no key in it: {exc}", exc=quoted(exc))
        ) from exc


def _chain(path: Path) -> tuple[Certificate, ...]:
    try:
        chain = Certificate.from_pem(_read_public(path))
        chain[0].verify_key()
    except BadCertificate as exc:
        raise BadConfig(file=path, why=exc.facts["why"]) from exc
    return chain


def _read_public(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadConfig(file=path, why=of_system(exc)) from exc


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as exc:
        raise BadConfig(file=folder, why=of_system(exc)) from exc


def _files(folder: Path, kind: str) -> list[Path]:
    """Newest first."""
    found = [path for path in _listed(folder) if (match := _KEY.fullmatch(path.name)) and match[1] == kind]
    return sorted(found, key=_number, reverse=True)


def _number(path: Path) -> int:
    match = _KEY.fullmatch(path.name)
    assert match is not None
    return int(match[2])
