"""`lienthong keys`: make a mailbox's keys, and show their public half as the directory wants it."""

import base64
from pathlib import Path

import click

from bus.cli.output import emit_fields, emit_json, json_option
from bus.directory import render_keys
from bus.files.keys import add_sealing, load_identity, save_identity
from bus.keys import Algorithm, Identity, SealingKey, new_identity
from schemas.agency import Mailbox
from schemas.values import MailboxCode

_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_mailbox = click.option("--mailbox", required=True, metavar="CODE", help="Mailbox that the keys are for, as H49.")


@click.group()
def command() -> None:
    """Make an agency's keys.

    Private keys stay in DIR, readable by their owner only. What is printed is public: send it to the keeper of the
    directory, who puts it into a file there.
    """


@command.command()
@_folder
@_mailbox
@click.option(
    "--algorithm",
    type=click.Choice([algorithm.value for algorithm in Algorithm]),
    default=Algorithm.P256.value,
    show_default=True,
    help="How this mailbox signs.",
)
@json_option
def new(folder: Path, mailbox: MailboxCode, algorithm: str, as_json: bool) -> None:
    """Make new keys in DIR, which must hold none yet."""
    _check(mailbox)
    identity = new_identity(Algorithm(algorithm))
    save_identity(folder, identity)
    _emit(identity, mailbox, as_json=as_json)


@command.command("add-sealing")
@_folder
@_mailbox
@json_option
def add_sealing_key(folder: Path, mailbox: MailboxCode, as_json: bool) -> None:
    """Add a newer sealing key to DIR.

    The older ones go on opening what was sealed to them. Restart the adapter before the directory names the new key.
    """
    _check(mailbox)
    load_identity(folder)
    add_sealing(folder, SealingKey.generate())
    _emit(load_identity(folder), mailbox, as_json=as_json)


@command.command()
@_folder
@click.option("--mailbox", metavar="CODE", help="Print the directory's entry for this mailbox instead of the ids.")
@json_option
def show(folder: Path, mailbox: MailboxCode | None, as_json: bool) -> None:
    """Show the public half of the keys in DIR."""
    identity = load_identity(folder)
    if mailbox is not None:
        _check(mailbox)
        _emit(identity, mailbox, as_json=as_json)
    elif as_json:
        emit_json(_public(identity))
    else:
        emit_fields(
            {
                "signing": f"{identity.signing.id}  {identity.signing.algorithm}",
                "sealing": ", ".join(key.id for key in identity.sealing),
            }
        )


def _check(mailbox: str) -> None:
    try:
        Mailbox(code=mailbox)
    except ValueError as exc:
        raise click.BadParameter(f"{mailbox!r} is no mailbox code", param_hint="--mailbox") from exc


def _entry(identity: Identity, mailbox: MailboxCode) -> str:
    return render_keys(
        mailbox,
        signing=[identity.signing.public.to_bytes()],
        sealing=[key.public.to_bytes() for key in identity.sealing],
    )


def _emit(identity: Identity, mailbox: MailboxCode, *, as_json: bool) -> None:
    if as_json:
        emit_json({"mailbox": mailbox, **_public(identity)})
    else:
        click.echo(_entry(identity, mailbox), nl=False)


def _public(identity: Identity) -> dict[str, object]:
    signing = identity.signing.public
    return {
        "signing": [{"id": signing.id, "algorithm": signing.algorithm, "public": _base64(signing.to_bytes())}],
        "sealing": [{"id": key.id, "public": _base64(key.public.to_bytes())} for key in identity.sealing],
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
