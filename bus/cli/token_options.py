"""Options that name a key in a token, and the key itself, made there or found."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bus.files.authority_keys import key_in_token

if TYPE_CHECKING:
    from bus.token.pkcs11 import TokenKey

existing_option = click.option(
    "--existing-keys", is_flag=True, help="The keys are in their tokens already: none is made."
)


def token_option(name: str, key: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Option `name`: in which token `key` lies."""
    return click.option(
        name,
        metavar="URI",
        help=f"{key} is in a token, which it never leaves: pkcs11:token=…;object=…?module-path=…&pin-source=file:… "
        "Without pin-source the PIN is asked.",
    )


def token_key(uri: str, said_in: Path, *, exists: bool) -> "TokenKey":
    """The key that a URI names. Raises UsageError; BadConfig as `key_in_token` does."""
    from bus.token.uri import settings_of

    try:
        settings = settings_of(uri)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
    return key_in_token(settings, said_in=said_in, exists=exists)
