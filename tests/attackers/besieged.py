"""A small country with its own authority on a broker that admits certificates only, and the attacker's means there.

G22 and H49 have daemons, H53 has one if a story starts it. H17 is a mailbox like any other, whose keys the attacker
holds. Four more are listed in the directory with a bad certificate, and have a good one to log in to the broker: so the
checks of the broker and those of the recipients are tested apart.
"""

import dataclasses
import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
import pika
from cryptography import x509
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.credentials import ExternalCredentials

from bus.directory.edition import Edition
from bus.directory.keys import MailboxKeys
from bus.directory.member import Member
from bus.directory.sources import key_entries, render_keys
from bus.files.edition import save_edition
from bus.files.keys import load_keyring, tls_files
from bus.ports.records import OutboxEntry
from bus.sending.address import address
from bus.sending.seal import seal
from bus.topology.names import Login, user_of
from bus.trust.authority import Withdrawal, issue, new_issuer, new_root
from bus.trust.certificates import Certificate, Purpose
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from bus.wire.message import CONTENT_TYPE, VERSION_HEADER, exchange
from bus.wiring.member import new_message_id
from deploy import country as countries
from deploy.country import Country
from deploy.local_broker import Kind, LocalBroker, local_broker
from deploy.offices import HOSTS, Office
from deploy.papers import Papers
from schemas.values import MailboxCode
from tests.admitted import admitted
from tests.e2e.site import Daemon, Site, eventually
from tests.integration.forwarder import Forwarder

AS_OF = date(2016, 7, 1)
AT_WORK = ("G22", "H49")
RESTING = "H53"
INSIDER = "H17"
COUNTED = "H58"
"""The mailbox whose connections are counted; used by one story only."""
EXPIRED, REVOKED, FOREIGN, MISUSED = "H08", "H24", "H12", "H39"
BAD = (EXPIRED, REVOKED, FOREIGN, MISUSED)
STOLEN = "stolen"
"""Certificate and key of the broker before this one, which were stolen and are revoked: the attacker stands in for the
broker with them."""
VHOST = "besieged"
ALLOWED = 20
"""The most messages that one sender may have under way to the resting mailbox."""
FULL = 400
"""The most messages in one inbox."""


@dataclasses.dataclass
class Besieged:
    """The country, its broker, and the daemons at work."""

    site: Site
    broker: LocalBroker
    office: Office
    bad_keys: dict[MailboxCode, SigningKey]
    daemons: list[Daemon] = dataclasses.field(default_factory=list)
    story_began: datetime = dataclasses.field(default_factory=lambda: datetime.now(UTC))
    _heard: set[tuple[str, str, str]] = dataclasses.field(default_factory=set)

    @property
    def country(self) -> Country:
        return self.site.country

    # -- what the attacker can do

    def connect(self, code: str, *, context: ssl.SSLContext | None = None, within: float = 60) -> BlockingConnection:
        """Logs in to the broker with a mailbox's or a service's certificate. `within`: seconds for the broker to forget
        connections that are closed."""
        where = urlsplit(self.broker.amqps_url)
        parameters = pika.ConnectionParameters(
            str(where.hostname),
            int(where.port or 0),
            VHOST,
            ExternalCredentials(),
            ssl_options=pika.SSLOptions(context or self.context(code), where.hostname),
            connection_attempts=1,
            socket_timeout=10,
            blocked_connection_timeout=10,
        )
        return admitted(parameters, within=within)

    def context(self, code: str | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.office.root_file)
        if code is not None:
            keys = self.country.root / "keys" / code
            context.load_cert_chain(*(tls_files(keys) if keys.is_dir() else self.office.file(code)))
        return context

    @contextmanager
    def channel(self, code: str) -> Iterator[BlockingChannel]:
        connection = self.connect(code)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            if connection.is_open:
                connection.close()

    def inject(
        self, by: MailboxCode, body: bytes, to: MailboxCode, *, user: str | None = "", kind: str = "document"
    ) -> None:
        """Publishes to the attacker's own exchange; `user` is the user_id; "" means his own."""
        with self.channel(by) as channel:
            channel.basic_publish(
                exchange(by), f"{kind}.{to}", body, self.properties(by if user == "" else user), mandatory=True
            )

    @staticmethod
    def properties(user: str | None) -> pika.BasicProperties:
        return pika.BasicProperties(
            content_type=CONTENT_TYPE,
            delivery_mode=2,
            type="document",
            message_id=new_message_id(),
            user_id=None if user is None else user_of(user, Login.URN),
            app_id="lienthong",
            headers={VERSION_HEADER: "1"},
        )

    def member(self, code: MailboxCode, *, signing: SigningKey | None = None) -> Member:
        """Returns a mailbox with the keys in its folder, or with another signing key."""
        edition = self.edition()
        now = datetime.now(UTC)
        identity = load_keyring(self.country.root / "keys" / code).identity(listed=(), now=now)
        return Member(
            mailbox=code,
            directory=edition.directory(AS_OF),
            identity=dataclasses.replace(identity, signing=signing or identity.signing),
            new_id=new_message_id,
            trust_store=edition.trust_store,
        )

    def sealed(self, member: Member, *to: MailboxCode, at: datetime | None = None) -> OutboxEntry:
        """Returns a new document of a mailbox, sealed as its daemon would send it."""
        sent = self.site.papers.new(member.mailbox, to)
        return seal(member, address(member, sent), now=at or datetime.now(UTC))

    def api(self) -> httpx.Client:
        """Returns a client of the management interface, logged in as the broker's administrator."""
        auth = (self.broker.user, self.broker.password)
        return httpx.Client(base_url=self.broker.management_url, auth=auth, trust_env=False, timeout=240)

    # -- what people and operators see

    def edition(self) -> Edition:
        return self.country.edition()

    def events(self, at: MailboxCode, name: str) -> list[dict[str, Any]]:
        """Returns the events of this story; those of earlier stories prove nothing."""
        found: list[dict[str, Any]] = self.site.json("events", "--name", name, "--limit", "1000", code=at)
        return [each for each in found if datetime.fromisoformat(each["at"]) >= self.story_began]

    def told(self, at: MailboxCode, name: str, detail: str, *, within: float = 60.0) -> dict[str, Any]:
        """Returns the event of that name whose detail has these words, once it is there; each event is returned
        once."""
        event = eventually(
            lambda: next((each for each in self.events(at, name) if self._is_news(at, each, detail)), {}),
            within=within,
            every=0.2,
        )
        self._heard.add((at, name, event["at"]))
        return event

    def _is_news(self, at: MailboxCode, event: dict[str, Any], detail: str) -> bool:
        return detail in event["detail"] and (at, event["name"], event["at"]) not in self._heard

    def still_works(self) -> None:
        """Asserts that an honest document still arrives."""
        sent = self.site.new("G22", "H49")
        self.site.drop(sent)
        eventually(lambda: self.site.filed("H49", sent.id))


@contextmanager
def besieged(root: Path) -> Iterator[Besieged]:
    forced = os.environ.get("LIENTHONG_TEST_BROKER")
    prefer: Kind | None = next((kind for kind in get_args(Kind) if kind == forced), None)
    codes = (*AT_WORK, RESTING, INSIDER, COUNTED, *BAD)
    began = datetime.now(UTC) - timedelta(days=5)
    country = countries.found(root, mailboxes=codes, as_of=AS_OF, began=began)
    office = country.office
    assert office is not None
    office.serve(STOLEN, Purpose.BROKER, hosts=HOSTS)
    bad_keys = _spoil(country, office)
    with ExitStack() as stack:
        broker = stack.enter_context(local_broker(prefer, tls=countries.tls_of(country), plain=False))
        os.environ["LIENTHONG_LIMITS"] = f"inbox_messages={FULL}"
        try:
            countries.connect(country, broker, vhost=VHOST, every=0.1)
        finally:
            del os.environ["LIENTHONG_LIMITS"]
        where = urlsplit(broker.amqps_url)
        forwarder = stack.enter_context(Forwarder(where.hostname or "", where.port or 0))
        site = Site(country, forwarder, Papers(country.directory(), AS_OF, seed=7))
        daemons = stack.enter_context(site.at_work(*AT_WORK))
        yield Besieged(site, broker, office, bad_keys, daemons)


def _spoil(country: Country, office: Office) -> dict[MailboxCode, SigningKey]:
    """Gives the bad mailboxes the certificates that they must not have, in a directory that is signed all the same."""
    listed = country.directory_folder / "mailboxes.toml"
    entry = f'code = "{RESTING}"'
    text = listed.read_text(encoding="utf-8")
    assert text.count(entry) == 1
    listed.write_text(text.replace(entry, f"under_way = {{ messages = {ALLOWED} }}\n{entry}"), encoding="utf-8")
    file = country.directory_folder / "keys.toml"
    entries = {code: key_entries(file.read_bytes(), mailbox=code) for code in country.mailboxes}
    now = datetime.now(UTC)
    (stolen, *_) = Certificate.from_pem(office.file(STOLEN)[0].read_bytes())
    office.withdrawn = (*office.withdrawn, Withdrawal(serial=stolen.serial, at=now))
    began = office.began
    stranger = new_issuer(new_root("Elsewhere", at=began), "Elsewhere issuer", at=began)
    keys: dict[MailboxCode, SigningKey] = {}
    for code in BAD:
        key, sealing = SigningKey.generate(), SealingKey.generate()
        made = issue(
            stranger if code == FOREIGN else office.issuer,
            key.public,
            name=code,
            purpose=Purpose.BROKER if code == MISUSED else Purpose.MAILBOX,
            at=now - timedelta(days=2) if code == EXPIRED else now - timedelta(hours=2),
            lasts=timedelta(days=1),
        )
        if code == REVOKED:
            compromised = x509.ReasonFlags.key_compromise
            office.withdrawn = (*office.withdrawn, Withdrawal(serial=made.serial, at=now, reason=compromised))
        until = now + timedelta(days=30)
        stated = SealingStatement.sign(sealing.public, mailbox=code, since=office.began, until=until, signer=key)
        entries[code] = MailboxKeys(certificates=(made.der,), sealing=(stated.encoded,))
        keys[code] = key
    write_entries(file, entries)
    save_edition(country.edition_file, office.edition(country.directory_folder, version=1))
    return keys


def write_entries(file: Path, entries: dict[MailboxCode, MailboxKeys | None]) -> None:
    known = [(code, keys) for code, keys in entries.items() if keys is not None]
    text = [render_keys(code, certificates=keys.certificates, sealing=keys.sealing) for code, keys in known]
    file.write_text("\n".join(text), encoding="utf-8")


def swapped(one: bytes, other: bytes, parts: Sequence[int]) -> bytes:
    """Returns the first message with these of its four parts (docket, signature, wraps, content) replaced by the
    second's."""
    from bus.wire.envelope import MAGIC
    from schemas.framing import frame, unframe

    mine, others = (unframe(memoryview(body)[len(MAGIC) :], at_most=4) for body in (one, other))
    return frame([others[part] if part in parts else mine[part] for part in range(4)], after=one[: len(MAGIC)])
