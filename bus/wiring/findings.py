"""What `adapter check` says before a mailbox's daemon runs: as which user, in which places, with which findings about
its configuration, keys, directory, store, broker and document system; and what a test document would meet."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from bus.directory.member import NEWEST, Member
from bus.errors import BrokerAway, BrokerDenied, BrokerRevoked, BusError, RoadGone, Words, said
from bus.ports.adapter import Adapter, Notice
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.receiving.deliver import IN_MEMORY
from bus.store.open import is_shared, look, path_of
from bus.wiring.adapter import adapter_class, make_adapter
from bus.wiring.blobs import blob_findings
from bus.wiring.config import Config, load_config
from bus.wiring.daemon import BEYOND_LOOPBACK, operators_token
from bus.wiring.link import link_settings
from bus.wiring.member import member_of
from bus.wiring.places import WRITE, Seen, places, see
from bus.wiring.service_user import ServiceUser, acting_as, service_user
from bus.wiring.stores import line_in_clear, store_url
from bus.wiring.trial import Tried, trial


@dataclass(slots=True)
class Report:
    """`findings` stand in the way of running; `warnings` in nobody's way, and should be meant."""

    findings: list[str] = field(default_factory=list)
    """Ours are Words; an adapter's are texts of its own."""
    warnings: list[str] = field(default_factory=list)
    waiting: int = 0
    """Of the warnings, those of something that waits in the document system, and does not go on by itself."""
    user: ServiceUser | None = None
    """None where the configuration cannot be read."""
    places: list[Seen] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    """Empty where what it needs is missing: a finding says so."""


def examine(path: Path, wait: float) -> Report:
    """Everything, in the order in which a daemon would meet it; as the user whose daemon it is, where root asks."""
    report = Report()
    try:
        config = load_config(path)
    except BusError as error:
        report.findings.append(error.in_both())
        return report
    with suppress(BusError):  # told below
        adapter_class(config.adapter, name=config.mailbox)  # imported by who asks, who may read what another may not
    report.user = service_user(config)
    with acting_as(report.user) as able:
        if not able:
            report.warnings.append(_cannot_be(report.user))
        report.places = [see(place, report.user) for place in places(config)]
        found = [*_findings(config, report, wait)]
    report.findings += dict.fromkeys(found)
    report.warnings += _warnings(config)
    return report


def _findings(config: Config, report: Report, wait: float) -> Iterator[str]:
    yield from (seen.trouble for seen in report.places if seen.trouble and seen.place.use == WRITE)
    told = set[str]()
    member, is_listed = yield from _member_findings(config, told)
    yield from _store_findings(config)
    try:
        operators_token([config])
    except BusError as error:
        yield error.in_both()
    yield from _adapter_findings(config, member, report)
    yield from _broker_findings(config, wait, told)
    if member is not None and is_listed:
        report.tried = list(trial(member, now=datetime.now(UTC)))
        yield from (tried.trouble for tried in report.tried if tried.trouble)


def _warnings(config: Config) -> Iterator[Words]:
    if config.http is not None and not config.http.is_local:
        listen = f"[http] listen = {config.http.listen}"
        en, _, vi = BEYOND_LOOPBACK.partition(" / ")
        yield said("{listen}: {text}", "{listen}: {text}", listen=listen, text=Words(vi, en))


def _cannot_be(user: ServiceUser) -> Words:
    return said(
        "kiểm tra bằng root, vì người dùng {user} không đọc được chương trình này: quyền của {user} chưa được thử",
        "checked as root, for user {user} may not read this program: what {user} may do was not tried",
        user=user.name,
    )


def _member_findings(config: Config, told: set[str]) -> Generator[Words, None, tuple[Member | None, bool]]:
    """Gives the member, and whether its signing key is in the directory; puts the file that is wrong into `told`. An
    edition that has to be fetched is not kept."""
    member = None
    try:
        member = member_of(config, keep=False)
        own = member.identity.signing.public.id
        if own in {key.id for key in member.verify_keys(config.mailbox)}:
            return member, True
        yield said(
            "Danh mục chưa có khóa ký {key} của hộp thư {mailbox}: đề nghị trung tâm bổ sung.",
            "The directory lacks signing key {key} of mailbox {mailbox}: have the centre add it.",
            key=own,
            mailbox=config.mailbox,
        )
    except BusError as error:
        told.add(str(error.facts.get("file")))
        yield error.in_both()
    return member, False


def _store_findings(config: Config) -> Iterator[Words]:
    """Nothing is made: the daemon does that, as its own user."""
    if host := line_in_clear(config.store):
        yield said(
            "kho: nối tới PostgreSQL ở {host} có thể không mã hóa: người vận hành thêm ?sslmode=verify-full vào URL.",
            "store: the line to {host} may be in clear: the operator adds ?sslmode=verify-full to the URL.",
            host=host,
        )
    try:
        look(store_url(config), owner=config.mailbox)
    except BusError as error:
        yield error.in_both()


def _adapter_findings(config: Config, member: Member | None, report: Report) -> Iterator[str]:
    try:
        adapter = make_adapter(config.adapter, name=config.mailbox, to_check=True)
        for text in adapter.check_again() if _is_at_work(config) else adapter.check():
            if isinstance(text, Notice):
                report.warnings.append(text)
                report.waiting += 1
            else:
                yield text
        if member is not None:
            yield from _version_findings(member)
            yield from _large_findings(member, adapter)
        adapter.close()
    except BusError as error:
        yield error.in_both()


def _is_at_work(config: Config) -> bool:
    """Whether a daemon has run here before: its store is there. One in PostgreSQL says nothing about this machine."""
    try:
        return not is_shared(config.store) and path_of(config.store).exists()
    except (BusError, OSError):
        return False  # said as a finding of the store


def _version_findings(member: Member) -> Iterator[Words]:
    """Versions in which others may send by the directory, and that are not read here."""
    listed = member.directory.book.mailboxes.get(member.mailbox)
    if unread := [version for version in (() if listed is None else listed.versions) if version > NEWEST]:
        yield said(
            "Danh mục ghi {mailbox} đọc bản tin phiên bản {versions}; ở đây đọc đến {newest}. Nâng cấp, hoặc báo "
            "trung tâm.",
            "The directory says that {mailbox} reads messages of version {versions}; {newest} is the newest read here. "
            "Upgrade, or tell the centre.",
            mailbox=member.mailbox,
            versions=", ".join(map(str, unread)),
            newest=NEWEST,
        )


def _large_findings(member: Member, adapter: Adapter) -> Iterator[Words]:
    """Sizes that others may send by the directory, and that its document system cannot take."""
    listed = member.directory.book.mailboxes.get(member.mailbox)  # where it is not listed, its keys are not either
    largest = None if listed is None else listed.largest
    if largest is not None and largest > IN_MEMORY and not adapter.takes_large:
        yield said(
            "Danh mục ghi {mailbox} nhận tệp lớn đến {largest} byte, phần mềm ở đây chỉ nhận {most}.",
            "The directory says {largest} bytes of large files for {mailbox}; the system here takes {most}.",
            mailbox=member.mailbox,
            largest=largest,
            most=IN_MEMORY,
        )


def _broker_findings(config: Config, wait: float, told: set[str]) -> Iterator[Words]:
    """Logs in as the daemon would; of a file in `told` nothing is said again. It may take the oldest message out of the
    inbox for that while: one at most."""
    try:
        settings = replace(link_settings(config), prefetch=1)
    except BusError as error:
        if str(error.facts.get("file")) not in told:
            yield error.in_both()
        return
    with IoThread() as io:
        link = Link(settings, io=io)
        is_ready = link.wait_ready(wait)
        if not is_ready and not link.status().lacking:
            silent = said("không trả lời trong {wait:g} giây", "no answer in {wait:g} s", wait=wait)
            status = link.status()
            why = status.last_error or silent
            away: BusError = BrokerDenied(user=status.denied, why=why) if status.denied else BrokerAway(why=why)
            yield (BrokerRevoked(why=link.revoked) if link.revoked else away).in_both()
        else:
            yield from (error.in_both() for error in blob_findings(config, settings, io=io))
        if gone := link.status().lacking:  # known a moment after the link is ready
            yield RoadGone(what=", ".join(gone)).in_both()
        link.close()
