"""Configurations of mailboxes for the tests of the wiring, with keys and a directory."""

from pathlib import Path

from bus.directory.sources import render_keys
from bus.files.keys import save_identity
from bus.trust.keys import Identity, new_identity
from bus.wiring.config import Config, parse

NOBODY = "amqp://G22:geheim@127.0.0.1:1/"


def written(folder: Path, code: str, *, identity: Identity | None = None, **changes: str) -> Path:
    identity = identity or new_identity()
    keys, directory = folder / f"keys-{code}", folder / "directory"
    save_identity(keys, identity)
    directory.mkdir(exist_ok=True)
    public = [identity.signing.public.to_bytes()], [key.public.to_bytes() for key in identity.sealing]
    (directory / f"{code}.toml").write_text(
        f'[[agency]]\ncode = "{code}"\nnames = [{{ vi = "Cơ quan {code}" }}]\n[[mailbox]]\ncode = "{code}"\n'
        + render_keys(code, signing=public[0], sealing=public[1]),
        encoding="utf-8",
    )
    values = {
        "mailbox": code,
        "keys": str(keys),
        "store": f"sqlite:///{folder / code}.db",
        "directory": str(directory),
        "url": NOBODY,
        "use": "adapters.folder:FolderAdapter",
        **changes,
    }
    path = folder / f"{code}.toml"
    path.write_text(
        "\n".join(f'{name} = "{values[name]}"' for name in ("mailbox", "keys", "store", "directory"))
        + f'\nas_of = 2026-11-22\n[broker]\nplain = true\nurl = "{values["url"]}"\n'
        + f'[adapter]\nuse = "{values["use"]}"\n[adapter.options]\nroot = "{folder / "dms" / code}"\n',
        encoding="utf-8",
    )
    (folder / "dms").mkdir(exist_ok=True)
    return path


def loaded(path: Path) -> Config:
    return parse(path.read_bytes(), name=str(path))


def config_of(
    mailbox: str = "H49", *, listen: str | None = None, broker: str = "", token_file: Path | None = None
) -> Config:
    return parse(toml_of(mailbox, listen, broker, token_file).encode(), name=mailbox)


def toml_of(mailbox: str, listen: str | None, broker: str = "", token_file: Path | None = None) -> str:
    text = (
        f'mailbox = "{mailbox}"\nkeys = "/keys"\nstore = "sqlite:////tmp/{mailbox}.db"\n'
        f'[broker]\nurl = "amqps://{mailbox}:x@localhost/"\n{broker}\n'
        '[adapter]\nuse = "adapters.folder:FolderAdapter"\n'
    )
    token = f'token_file = "{token_file}"\n' if token_file else ""
    return text + (f'[http]\nlisten = "{listen}"\n{token}' if listen else "")
