"""The key that an agency's backups are sealed to: its private half off the machine, its public half at the daemon's."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from bus.errors import BadConfig, Words, of_system, quoted, said
from bus.files.keys import OTHER_NAME
from bus.files.private import create_private, read_private, write_public
from bus.trust.keys import SealingKey, SealingPublicKey

_LARGEST: Final = 64 * 1024


def new_backup_key(file: Path) -> Path:
    """Makes the pair: the private half in `file`, for its owner only; returns the file of the public half. Raises
    BadConfig where there is one already."""
    key, public = SealingKey.generate(), file.with_suffix(".pub")
    if public.exists() or public == file:
        raise BadConfig(
            file=public, why=said("đã có, không ghi đè", "it exists already; it is never overwritten"), do=OTHER_NAME
        )
    create_private(file, key.to_pem())
    write_public(public, key.public.to_pem())
    return public


def load_backup_key(file: Path) -> SealingKey:
    """Raises BadConfig: of a public key that it is one, before anything is said of who may read it."""
    with suppress(OSError, ValueError):
        with file.open("rb") as opened:
            SealingPublicKey.from_pem(opened.read(_LARGEST))
        why = said(
            "đó là khóa công khai; cần khóa riêng, trong két",
            "it is the public key; the private one is wanted, from the safe",
        )
        raise BadConfig(file=file, why=why)
    data = read_private(file)
    try:
        return SealingKey.from_pem(data)
    except ValueError as exc:
        raise BadConfig(file=file, why=_no_key("riêng", "private", exc)) from exc


def load_backup_public_key(file: Path) -> SealingPublicKey:
    """Raises BadConfig."""
    try:
        return SealingPublicKey.from_pem(file.read_bytes())
    except OSError as exc:
        raise BadConfig(file=file, why=of_system(exc)) from exc
    except ValueError as exc:
        raise BadConfig(file=file, why=_no_key("công khai", "public", exc)) from exc


def _no_key(vi: str, en: str, cause: ValueError) -> Words:
    facts = {"vi": vi, "en": en, "cause": quoted(cause)}
    return said("không đọc được khóa {vi} trong đó ({cause})", "no {en} key in it: {cause}", **facts)
