"""The signed directory as a file, the trusted roots, and a directory for commands, signed or not. Editions are judged
in bus/directory/edition.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from bus.directory import edition
from bus.directory.agencies import Directory
from bus.directory.edition import Edition
from bus.errors import BadCertificate, BadConfig, of_system, said
from bus.files.directory import load, no_collection
from bus.files.private import write_public
from bus.trust.certificates import Certificate


@dataclass(frozen=True, slots=True)
class LoadedDirectory:
    """A directory, and the edition it is from; None where nobody signed it."""

    directory: Directory
    edition: Edition | None


_GET_ROOT: Final = said(
    "Lấy chứng thư gốc từ trung tâm bằng đường không giả được, hoặc ghi đúng đường dẫn.",
    "Get the root's certificate from the centre by a way that cannot be forged, or name the right path.",
)


def load_roots(path: Path) -> tuple[Certificate, ...]:
    """Raises BadConfig."""
    try:
        return Certificate.from_pem(path.read_bytes())
    except FileNotFoundError as exc:
        raise BadConfig(file=path, why=of_system(exc), do=_GET_ROOT) from exc
    except OSError as exc:
        raise BadConfig(file=path, why=of_system(exc)) from exc
    except BadCertificate as exc:
        raise BadConfig(file=path, why=exc.facts["why"]) from exc


def load_edition(path: Path, *, roots: Sequence[Certificate], now: datetime) -> Edition | None:
    """None where there is no such file. Raises BadConfig where it cannot be read, BadEdition where it is forged."""
    try:
        encoded = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise BadConfig(file=path, why=of_system(exc)) from exc
    with no_collection():
        return edition.load(encoded, roots=roots, now=now)


def save_edition(path: Path, encoded: bytes) -> None:
    """In the place of the one before. Raises BadConfig."""
    write_public(path, encoded)


def load_directory(path: Path, *, on: date, roots: Path | None, now: datetime) -> LoadedDirectory:
    """From a folder of TOML files, or from an edition and the file of the roots that vouch for it."""
    if path.is_dir():
        return LoadedDirectory(load(path, on=on), None)
    if roots is None:
        raise BadConfig(
            file=path, why=said("một bản danh mục đã ký cần --root", "an edition needs --root, to know who signed it")
        )
    found = load_edition(path, roots=load_roots(roots), now=now)
    if found is None:
        raise BadConfig(file=path, why=said("không có tệp này", "there is no such file"))
    return LoadedDirectory(found.directory(on), found)
