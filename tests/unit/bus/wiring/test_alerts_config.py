"""`[alerts]` and `[[channel]]` of a ledger's TOML."""

from pathlib import Path
from typing import Any

import pytest

from bus.errors import BadConfig, Who
from bus.ledger.alerts.channels import Mail, Webhook
from bus.wiring.alerts_config import ChannelConfig, channel_of
from bus.wiring.ledger_config import LedgerConfig, parse

HEAD = 'store = "sqlite:////l.db"\n[broker]\nurl = "amqps://mq/lienthong"\n'
MAIL = 'mail = { host = "mail.vn", sender = "socai@x.vn", to = ["a@x.vn"] }\n'
HOOK = 'webhook = { url = "https://x.vn/hook" }\n'


def read(*channels: str, more: str = "") -> LedgerConfig:
    return parse((HEAD + more + "".join(f"[[channel]]\n{each}" for each in channels)).encode(), name="ledger.toml")


def test_nobody_need_be_told() -> None:
    """Alerts are kept and shown all the same."""
    assert read().channel == ()
    assert read().alerts.every == 60


@pytest.mark.parametrize(
    ("channels", "says"),
    [
        (['name = "a"\n'], "mail or webhook"),
        (['name = "a"\n' + MAIL + HOOK], "one of them"),
        (['name = "a"\n' + MAIL, 'name = "a"\n' + HOOK], "two"),
        (['name = "A b"\n' + MAIL], "name"),
        (['name = "a"\ncauses = ["nothing"]\n' + HOOK], "no cause nothing"),
        (['name = "a"\nwho = ["nobody"]\n' + HOOK], "who"),
        (['name = "a"\nwebhook = { url = "http://x.vn/hook" }\n'], "this machine only"),
        (['name = "a"\nwebhook = { url = "slack://token" }\n'], "https"),
        (['name = "a"\nmail = { host = "m.vn", sender = "s@x.vn", to = ["a@x.vn"], security = "none" }\n'], "machine"),
        (['name = "a"\nmail = { host = "m.vn", sender = "s@x.vn", to = [] }\n'], "to"),
    ],
)
def test_what_cannot_be_a_channel_is_said_at_the_start(channels: list[str], says: str) -> None:
    """With the field that is wrong."""
    with pytest.raises(BadConfig, match=says):
        read(*channels)


@pytest.mark.parametrize("every", [4.9, 3601])
def test_a_look_is_neither_always_nor_never(every: float) -> None:
    """From five seconds to an hour."""
    with pytest.raises(BadConfig, match="every"):
        read(more=f"[alerts]\nevery = {every}\n")


def config(**fields: Any) -> ChannelConfig:
    return ChannelConfig.model_validate({"name": "a", **fields})


def secret(folder: Path) -> str:
    file = folder / "secret"
    file.touch(mode=0o600)
    file.write_text("mật khẩu\n")
    return str(file)


def test_a_mail_channel_has_its_password_from_a_file(tmp_path: Path) -> None:
    """And tells everybody's alerts unless it says whose."""
    mail = {"host": "m.vn", "sender": "s@x.vn", "to": ["a@x.vn"], "user": "u", "password_file": secret(tmp_path)}
    made = channel_of(config(mail={**mail, "to": ("a@x.vn",)}))
    assert isinstance(made, Mail)
    assert (made.password, made.who, made.causes) == ("mật khẩu", frozenset(Who), frozenset())


def test_a_webhook_shows_its_token(tmp_path: Path) -> None:
    """As a bearer's, from a file; and hears what it asked for."""
    hook = {"url": "https://x.vn/hook", "token_file": secret(tmp_path)}
    made = channel_of(config(webhook=hook, who=(Who.AUTHORITY,), causes=("key-ends",)))
    assert isinstance(made, Webhook)
    assert made.headers == {"Authorization": "Bearer mật khẩu"}
    assert (made.who, made.causes) == (frozenset({Who.AUTHORITY}), frozenset({"key-ends"}))


def test_an_address_that_is_none_is_said_at_the_start() -> None:
    """Not at the first alert."""
    with pytest.raises(BadConfig, match="channel a"):
        channel_of(config(mail={"host": "m.vn", "sender": "s@x.vn", "to": ("nobody",)}))


def test_the_handbooks_example_is_a_configuration() -> None:
    """Word for word; its files of secrets are read when a ledger starts."""
    page = (Path(__file__).parents[4] / "deploy/handbook/alerts.md").read_text()
    example = page.partition("```toml\n")[2].partition("```")[0]
    made = parse((HEAD + example).encode(), name="ledger.toml")
    assert [each.name for each in made.channel] == ["truc-ban", "trung-tam"]
