"""Reads a daemon's TOML."""

from pathlib import Path

from bus.config import Config, parse
from bus.errors import BadConfig


def load_config(path: Path) -> Config:
    """Raises BadConfig where it cannot be read or is wrong."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise BadConfig(file=str(path), why=exc.strerror or str(exc)) from exc
    return parse(data, name=str(path))
