"""The checks of the broker itself: a stranger gets no connection, an insider reaches nothing but its own."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pika
import pytest
from click.testing import CliRunner
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from bus.cli.main import main
from bus.topology.names import (
    AUDIT,
    DEAD,
    DIRECTORY_IN,
    ROUTE,
    Login,
    exchange_of,
    inbox_of,
    lane_of,
    user_of,
)
from bus.topology.wanted import BrokerLimits
from bus.trust.authority import Withdrawal, issue, new_issuer, new_root
from bus.trust.certificates import Purpose
from bus.trust.keys import SigningKey
from deploy.country import management_of
from tests.admitted import LIMIT, refusal
from tests.attackers.besieged import COUNTED, FULL, INSIDER, VHOST, Besieged
from tests.e2e.site import eventually

ME, VICTIM = INSIDER, "H49"
LIMITS = BrokerLimits()
REFUSED = (exceptions.AMQPConnectionError, exceptions.ConnectionClosed, ssl.SSLError, OSError)


def forged_context(land: Besieged, folder: Path, how: str) -> ssl.SSLContext:
    """Returns the TLS context of a stranger."""
    if how == "no certificate":
        return land.context(None)
    if how == "TLS 1.2":
        context = land.context(ME)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context
    now = datetime.now(UTC)
    issuer = land.office.issuer
    if how == "foreign authority":  # with exactly our names
        names = [
            each.certificate.parsed.subject.rfc4514_string().removeprefix("CN=")
            for each in (land.office.root, land.office.issuer)
        ]
        issuer = new_issuer(new_root(names[0], at=now), names[1], at=now)
    key = SigningKey.generate()
    begun = now - timedelta(days=2) if how == "expired" else now
    made = issue(issuer, key.public, name=VICTIM, purpose=Purpose.MAILBOX, at=begun, lasts=timedelta(days=1))
    if how == "revoked":
        land.office.withdrawn = (*land.office.withdrawn, Withdrawal(serial=made.serial, at=now))
        land.broker.put_revoked([land.office.revoked()])
    (folder / "crt").write_bytes(made.to_pem() + issuer.certificate.to_pem())
    (folder / "key").write_bytes(key.to_pem())
    context = land.context(None)
    context.load_cert_chain(folder / "crt", folder / "key")
    return context


@pytest.mark.parametrize("how", ["no certificate", "TLS 1.2", "foreign authority", "expired", "revoked"])
def test_strangers_do_not_get_in(land: Besieged, tmp_path: Path, how: str) -> None:
    """The handshake fails; a certificate revoked a moment ago fails too, without a restart of the node."""
    with pytest.raises(REFUSED):
        land.connect(VICTIM, context=forged_context(land, tmp_path, how))


def test_a_password_is_no_way_in(land: Besieged) -> None:
    """Not even the administrator's right password: the port for applications accepts certificates only."""
    host, _, port = land.broker.amqps_url.removeprefix("amqps://").partition("/")[0].partition(":")
    parameters = pika.ConnectionParameters(
        host,
        int(port),
        credentials=pika.PlainCredentials(land.broker.user, land.broker.password),
        ssl_options=pika.SSLOptions(land.context(ME), host),
    )
    with pytest.raises(exceptions.AuthenticationError):
        pika.BlockingConnection(parameters)


def test_the_administrator_has_a_name_that_no_certificate_gets(land: Besieged) -> None:
    """A certificate with that name would log in as the administrator: it cannot be requested, and `plan` names whoever
    could."""
    result = CliRunner().invoke(main, ["keys", "request", "keys", "--mailbox", land.broker.user])
    assert (result.exit_code, "no mailbox code" in result.stderr) == (2, True)
    path = f"/api/users/{quote(stranger := user_of('root', Login.URN))}"
    arguments = ["topology", "plan", "--vhost", VHOST, "--directory", str(land.country.edition_file)]
    arguments += ["--root", str(land.office.root_file), "--as-of", land.country.as_of.isoformat()]
    environment = {"LIENTHONG_MANAGEMENT_URL": management_of(land.broker)}
    with land.api() as api:
        try:
            api.put(path, json={"password_hash": "", "tags": "administrator"}).raise_for_status()
            everything = {"configure": ".*", "write": ".*", "read": ".*"}
            api.put(f"/api/permissions/%2F/{quote(stranger)}", json=everything).raise_for_status()
            said = CliRunner().invoke(main, arguments, env=environment).stderr
        finally:
            api.delete(path)
    assert f"A certificate in the name of {stranger} would log in" in said
    assert f"in the name of {stranger}" not in CliRunner().invoke(main, arguments, env=environment).stderr


def publish(exchange: str, key: str, user: str = ME) -> Callable[[BlockingChannel], object]:
    return lambda channel: channel.basic_publish(exchange, key, b"x", Besieged.properties(user), mandatory=True)


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        (publish(exchange_of("G22"), f"document.{VICTIM}"), 403),
        (publish(exchange_of(ME), f"document.{VICTIM}", "G22"), 406),
        (publish(ROUTE, f"document.{VICTIM}"), 403),
        (publish("", inbox_of(VICTIM)), 403),
        (publish(DEAD, "dead"), 403),
        (publish(DIRECTORY_IN, "edition"), 403),
        (lambda channel: channel.basic_get(inbox_of(VICTIM)), 403),
        (lambda channel: channel.basic_consume(inbox_of("G22"), print), 403),
        (lambda channel: channel.basic_consume(lane_of(VICTIM), print), 403),
        (publish("", lane_of(VICTIM)), 403),
        (lambda channel: channel.basic_consume(AUDIT, print), 403),
        (lambda channel: channel.basic_get(DEAD), 403),
        (lambda channel: channel.queue_purge(inbox_of(VICTIM)), 403),
        (lambda channel: channel.queue_delete(inbox_of(VICTIM)), 403),
        (lambda channel: channel.queue_delete(inbox_of(ME)), 403),
        (lambda channel: channel.queue_declare("mine", durable=True), 403),
        (lambda channel: channel.exchange_declare("mine", "fanout"), 403),
        (lambda channel: channel.exchange_delete(exchange_of(ME)), 403),
        (lambda channel: channel.queue_bind(inbox_of(ME), ROUTE, f"document.{VICTIM}"), 403),
        (lambda channel: channel.exchange_bind(exchange_of(ME), exchange_of("G22"), "#"), 403),
        (lambda channel: channel.queue_unbind(inbox_of(VICTIM), ROUTE, f"document.{VICTIM}"), 403),
    ],
    ids=[
        "publishes as someone else", "names another user", "publishes to route", "publishes into an inbox",
        "publishes to dead", "publishes a directory", "reads an inbox", "consumes an inbox", "consumes a lane",
        "publishes into a lane", "reads the audit stream",
        "reads the dead", "purges", "deletes an inbox", "deletes its own", "declares a queue", "declares an exchange",
        "deletes its exchange", "binds its inbox", "taps another's exchange", "unbinds",
    ],
)  # fmt: skip
def test_an_insider_reaches_nothing_but_its_own(
    land: Besieged, attempt: Callable[[BlockingChannel], object], code: int
) -> None:
    """An insider may write to its own exchange in its own name, and read its own inbox and the public streams; nothing
    else."""
    with land.channel(ME) as channel, pytest.raises(exceptions.ChannelClosedByBroker) as refused:
        attempt(channel)
    assert refused.value.reply_code == code


def test_200_megabytes_are_refused(land: Besieged) -> None:
    """The broker takes 16 MiB; the rest closes the attacker's own channel."""
    body = bytes(200 * 1024 * 1024)
    with land.channel(ME) as channel, pytest.raises((exceptions.ChannelClosedByBroker, exceptions.ConnectionClosed)):
        channel.basic_publish(exchange_of(ME), f"document.{VICTIM}", body, land.properties(ME))


def test_a_flood_fills_one_inbox_and_no_more(land: Besieged) -> None:
    """An inbox that nobody reads is full at its limit: the broker refuses the flood, and others notice nothing."""
    nacked = 0
    with land.channel(ME) as channel:
        for _ in range(FULL * 2):
            try:
                channel.basic_publish(exchange_of(ME), f"document.{ME}", b"flood", land.properties(ME))
            except exceptions.NackError:
                nacked += 1
    assert nacked >= FULL // 2
    with land.channel(ME) as channel:
        while channel.basic_get(inbox_of(ME), auto_ack=True)[0] is not None:
            pass


def test_connections_and_channels_are_counted(land: Besieged) -> None:
    """Eight connections for each mailbox, and thirty-two channels: the next is refused; once they are closed it may
    connect again."""
    held = [land.connect(COUNTED) for _ in range(LIMITS.connections)]
    try:
        assert LIMIT in eventually(lambda: refusal(lambda: land.connect(COUNTED, within=0).close()))
    finally:
        for connection in held:
            connection.close()
    again = land.connect(COUNTED)
    for _ in range(LIMITS.channels):
        again.channel()
    assert "limit" in eventually(lambda: refusal(again.channel))
