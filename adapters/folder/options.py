"""The options of the folder adapter in a daemon's configuration, parsed once. No folder is touched here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bus.errors import BadConfig, Words, of_fields

MIB = 1024 * 1024
GIB = 1024 * MIB


def _something(path: object) -> object:
    if isinstance(path, str) and not path.strip():
        # An empty path would be the daemon's working folder.
        raise ValueError(Words("chưa ghi thư mục nào", "no folder is named"))
    return path


class FolderOptions(BaseModel):
    """Every option of the folder adapter, with its default. Times are seconds, sizes bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    root: Annotated[Path, BeforeValidator(_something)]
    """The root folder, which holds all the others."""
    create: bool = True
    """Makes missing folders at start. Set it to false if `root` is a mounted share: a share that is not mounted is then
    reported, not filled."""
    quiet: Annotated[float, Field(ge=0)] = 1.0
    """A file is taken once it has been unchanged for so many seconds (debounce)."""
    unfinished: Annotated[float, Field(ge=0)] = 60.0
    """A file without its end is refused once it has been unchanged for so many seconds: its writer may be slow."""
    largest: Annotated[int, Field(gt=0)] = 4 * GIB
    """Bytes; a larger file is refused unread."""
    large_from: Annotated[int, Field(gt=0)] = MIB // 2
    """Bytes; a larger attachment is not held in memory: its package is read, sent and filed in the lane for large
    packages."""
    spool: Path | None = None
    """The folder for the spool, which holds large attachments while their package is read; None: `.lienthong`. It needs
    space for the largest package."""
    batch: Annotated[int, Field(gt=0)] = 64 * MIB
    """Bytes of packages read in one round; more only if the first package alone is larger."""
    names: Literal["letters", "ascii"] = "letters"
    """Whether the names of filed packages keep Vietnamese letters ("letters") or not ("ascii")."""

    @property
    def too_large_to_hold(self) -> int:
        """The size in bytes above which a package may hold a large attachment: base64 writes four bytes for three."""
        return self.large_from * 4 // 3


def parse(options: Mapping[str, object]) -> FolderOptions:
    """Returns the parsed options. Raises BadConfig, which names each wrong option."""
    try:
        return FolderOptions.model_validate(options)
    except ValidationError as exc:
        raise BadConfig(file="adapter.options", why=of_fields(exc.errors(), whole="options")) from exc
