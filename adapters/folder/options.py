"""What a daemon's configuration may say about a folder, parsed once. No folder is touched here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bus.errors import BadConfig

MIB = 1024 * 1024
GIB = 1024 * MIB


def _something(path: object) -> object:
    if isinstance(path, str) and not path.strip():
        raise ValueError("no folder is named")  # an empty path would mean the daemon's working folder
    return path


class FolderOptions(BaseModel):
    """Every option of the folder adapter, with its default. Times are seconds, sizes bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    root: Annotated[Path, BeforeValidator(_something)]
    """Holds all the folders."""
    create: bool = True
    """Make the folders that are missing, at start. Say false where `root` is a mounted share: a share that is not
    mounted is then noticed, not filled."""
    quiet: Annotated[float, Field(ge=0)] = 1.0
    """A file is taken when it has been left alone for so long."""
    unfinished: Annotated[float, Field(ge=0)] = 60.0
    """A file that stops in the middle is refused when it has been left alone for so long: its writer may be slow."""
    largest: Annotated[int, Field(gt=0)] = 4 * GIB
    """A larger file is refused unread."""
    large_from: Annotated[int, Field(gt=0)] = MIB // 2
    """An attachment of more is not held in memory: its package is read, sent and filed apart from the small ones."""
    spool: Path | None = None
    """Where attachments lie while their package is read; None: in `.lienthong`. Needs room for the largest package."""
    batch: Annotated[int, Field(gt=0)] = 64 * MIB
    """Bytes of packages read at once, more only where the first alone is larger."""
    names: Literal["letters", "ascii"] = "letters"
    """Whether the names of filed packages keep Vietnamese letters."""

    @property
    def heavy_from(self) -> int:
        """Bytes of a package that may hold such an attachment, as it is written there: four for three."""
        return self.large_from * 4 // 3


def parse(options: Mapping[str, object]) -> FolderOptions:
    """Raises BadConfig, naming each option that is wrong."""
    try:
        return FolderOptions.model_validate(options)
    except ValidationError as exc:
        wrong = (f"{'.'.join(map(str, error['loc'])) or 'options'}: {error['msg']}" for error in exc.errors())
        raise BadConfig(file="adapter.options", why="; ".join(wrong)) from exc
