"""The TOML of a ledger in a file, for the commands beside its process."""

from pathlib import Path

from bus.ledger.open import open_ledger


def ledger_toml(folder: Path, more: str = "") -> Path:
    """With its database made."""
    store = f"sqlite:///{folder}/ledger.db"
    open_ledger(store, exclusive=False).close()
    file = folder / "ledger.toml"
    file.write_text(f'store = "{store}"\n\n[broker]\nurl = "amqp://127.0.0.1:1"\nplain = true\n\n{more}')
    return file
