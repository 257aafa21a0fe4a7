"""A larger country around a benchmark's mailboxes: more mailboxes, each with its own keys, and more units without keys.
They are in the directory and, once it is applied, on the broker; no daemon of them runs."""

from dataclasses import replace

from bus.directory.keys import MailboxKeys
from bus.directory.sources import render_keys
from bus.files.keys import save_identity
from bus.trust.keys import new_identity
from deploy.country import Country
from schemas.values import MailboxCode


def enlarged(land: Country, *, mailboxes: int, units: int = 0) -> Country:
    """Returns the country with `mailboxes` mailboxes in all, the new ones last, and `units` further units."""
    fresh = [MailboxCode(f"H49.{number}") for number in range(1, mailboxes - len(land.mailboxes) + 1)]
    more = (f"H49.0.{number} | | Đơn vị số {number}" for number in range(units))
    lines = ["units = '''", "code|aliases|vi", *(f"{code} | | Sở {code}" for code in fresh), *more]
    boxes = [f'[[mailbox]]\ncode = "{code}"' for code in fresh]
    text = "\n".join([*lines, "'''", *boxes, *(_keys(land, code) for code in fresh)])
    (land.directory_folder / "crowd.toml").write_text(text + "\n", encoding="utf-8")
    return replace(land, mailboxes=(*land.mailboxes, *fresh))


def _keys(land: Country, code: MailboxCode) -> str:
    identity = new_identity()
    save_identity(land.root / "keys" / code, identity)
    keys = MailboxKeys(signing=(identity.signing.public.to_bytes(),), sealing=(identity.sealing[0].public.to_bytes(),))
    return render_keys(code, signing=keys.signing, certificates=keys.certificates, sealing=keys.sealing)
