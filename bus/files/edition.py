"""The signed directory as a file, the roots that are believed, and a directory for commands, signed or not. What an
edition is worth is bus/edition.py's to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from bus import edition
from bus.certificates import Certificate
from bus.directory import Directory
from bus.edition import Edition
from bus.errors import BadCertificate, BadConfig
from bus.files.directory import load, no_collection
from bus.files.private import write_public


@dataclass(frozen=True, slots=True)
class Sourced:
    """A directory, and the edition it is from; None where nobody signed it."""

    directory: Directory
    edition: Edition | None


def load_roots(path: Path) -> tuple[Certificate, ...]:
    """Raises BadConfig."""
    try:
        return Certificate.from_pem(path.read_bytes())
    except OSError as exc:
        raise BadConfig(file=path, why=exc.strerror) from exc
    except BadCertificate as exc:
        raise BadConfig(file=path, why=str(exc.facts["why"])) from exc


def load_edition(path: Path, *, roots: Sequence[Certificate], now: datetime) -> Edition | None:
    """None where there is no such file. Raises BadConfig where it cannot be read, BadEdition where it is forged."""
    try:
        encoded = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise BadConfig(file=path, why=exc.strerror) from exc
    with no_collection():
        return edition.load(encoded, roots=roots, now=now)


def save_edition(path: Path, encoded: bytes) -> None:
    """In the place of the one before. Raises BadConfig."""
    write_public(path, encoded)


def load_directory(path: Path, *, on: date, roots: Path | None, now: datetime) -> Sourced:
    """From a folder of TOML files, or from an edition and the file of the roots that vouch for it."""
    if path.is_dir():
        return Sourced(load(path, on=on), None)
    if roots is None:
        raise BadConfig(file=path, why="một bản danh mục cần --root (an edition needs --root, to know who signed it)")
    found = load_edition(path, roots=load_roots(roots), now=now)
    if found is None:
        raise BadConfig(file=path, why="không có tệp này (there is no such file)")
    return Sourced(found.directory(on), found)
