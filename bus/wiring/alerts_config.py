"""The alerts' part of a ledger's TOML: `[alerts]`, and a `[[channel]]` for each place that is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from bus.errors import Who, said
from bus.files.keys import read_secret
from bus.ledger.alerts.causes import CAUSES
from bus.ledger.alerts.channels import Mail, Webhook
from bus.rabbit.address import is_loopback
from bus.wiring.config import Section


class AlertsConfig(Section):
    every: Annotated[float, Field(ge=5, le=3600)] = 60.0
    """Seconds between two looks."""
    guard_state: str | None = None
    """File of `lienthong topology guard`: who is near a quota."""


class MailConfig(Section):
    host: str
    """The mail server."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    sender: str
    to: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]
    user: str | None = None
    password_file: str | None = None
    """Must not be readable by others."""
    security: Literal["starttls", "ssl", "none"] = "starttls"
    """`none`: to this machine only."""

    @model_validator(mode="after")
    def _in_the_clear_at_home_only(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError(
                said("security = “none” chỉ dùng trong cùng máy", "security = “none” is for this machine only")
            )
        return self


class WebhookConfig(Section):
    url: str
    """https://…; http:// to this machine only."""
    token_file: str | None = None
    """File whose first line is sent as `Authorization: Bearer …`. Must not be readable by others."""

    @model_validator(mode="after")
    def _in_the_clear_at_home_only(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError(
                said("phải là https://; http:// chỉ dùng trong cùng máy", "https://; http:// is for this machine only")
            )
        return self


class ChannelConfig(Section):
    """One place that is told of alerts: by mail or by webhook."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    """Once in a file. A channel that is renamed is told again of what is open."""
    mail: MailConfig | None = None
    webhook: WebhookConfig | None = None
    who: tuple[Who, ...] = ()
    """Only alerts on which one of these must act. Empty: all."""
    causes: tuple[str, ...] = ()
    """Only these causes: `lienthong alerts causes`. Empty: all."""

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if (self.mail is None) == (self.webhook is None):
            raise ValueError(said("phải có mail hoặc webhook, và chỉ một", "it has mail or webhook, and one of them"))
        if unknown := sorted(set(self.causes) - CAUSES.keys()):
            names = ", ".join(unknown)
            raise ValueError(said("không có nguyên nhân {names}", "there is no cause {names}", names=names))
        return self


def channel_of(config: ChannelConfig) -> Mail | Webhook:
    """Raises BadConfig where a file of a secret cannot be read, or nobody could be reached."""
    who, causes = frozenset(config.who or Who), frozenset(config.causes)
    made: Mail | Webhook
    if config.mail is not None:
        mail = config.mail
        made = Mail(
            name=config.name,
            host=mail.host,
            port=mail.port,
            sender=mail.sender,
            to=mail.to,
            user=mail.user,
            password=read_secret(Path(mail.password_file)) if mail.password_file else None,
            security=mail.security,
            who=who,
            causes=causes,
        )
    else:
        assert config.webhook is not None
        token = config.webhook.token_file
        headers: Mapping[str, str] = {"Authorization": f"Bearer {read_secret(Path(token))}"} if token else {}
        made = Webhook(name=config.name, url=config.webhook.url, headers=headers, who=who, causes=causes)
    made.check()
    return made
