"""`lienthong directory`: the signed directory, from its sources to the bus."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bus.cli.amqp import nodes_of
from bus.cli.charter import charter, cosign_
from bus.cli.differences import Comparison, Side
from bus.cli.editions import (
    cert_option,
    edition_json,
    file,
    header_fields,
    judged,
    key_option,
    list_fields,
    loaded,
    loaded_charter,
    loaded_in_part,
    root_option,
)
from bus.cli.failures import Exit
from bus.cli.output import emit, emit_fields, emit_json, json_option, text
from bus.directory.agencies import Directory
from bus.directory.container import COUNTERSIGNED, WHOLE
from bus.directory.edition import LASTS, Edition, accept, announcement, change, load, sign, with_charter
from bus.directory.facts import AGENCY, KEYS, MAILBOX, Register, object_of
from bus.directory.header import MAX_LIFE
from bus.directory.keys import check_all_keys
from bus.directory.sources import read
from bus.errors import BadCertificate, BadConfig, BadEdition, UnknownAgency, Words
from bus.files.edition import load_edition, load_roots, save_edition
from bus.files.keys import load_signer
from bus.files.private import write_public
from bus.rabbit.address import Tls
from bus.rabbit.broker_certificate import by_directory
from bus.rabbit.streams.directory_publisher import last_edition, publish_edition
from bus.topology.names import AUTHORITY
from bus.trust.certificates import Certificate, RevocationList
from bus.trust.trust_store import TrustStore, revocation_warnings
from schemas.values import VIETNAM

SHOWN = 40


@click.group()
def command() -> None:
    """The signed directory: build, sign, cosign, show, diff, verify, publish. Danh mục đã ký.

    Sources are TOML (agencies, mailboxes, keys). `build` judges them, `sign` puts a number, two dates and a signature
    on them, `publish` sends that to every daemon over the bus.
    """


@command.command()
@click.argument("sources", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--issuer", "issuers", multiple=True, required=True, type=file, help="PEM of an issuing authority.")
@click.option("--crl", "lists", multiple=True, type=file, help="PEM of a revocation list.")
@root_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The draft: text, a fact a line.")
def build(sources: Path, issuers: tuple[Path, ...], lists: tuple[Path, ...], root: Path, out: Path) -> None:
    """Judge a folder of TOML files and write them as a draft. Dựng danh mục từ nguồn."""
    book = read({path.name: path.read_bytes() for path in sorted(sources.glob("*.toml"))})
    issuing = [certificate for path in issuers for certificate in Certificate.from_pem(path.read_bytes())]
    now = datetime.now(UTC)
    revoked = [_revocation_list(path, now) for path in lists]
    check_all_keys(book.keys, TrustStore(load_roots(root), issuing, revoked))
    register = Register.of(
        book,
        issuers=[certificate.der for certificate in issuing],
        revoked=[(each.parsed.issuer.public_bytes(), each.der) for each in revoked],
    )
    write_public(out, register.content())
    found = Directory(book, on=datetime.now(VIETNAM).date()).warnings
    for warning in (*found, *revocation_warnings(issuing, revoked, until=now + LASTS)):
        emit(f"! {warning}", err=True)
    emit_fields({"bản thảo / draft": out, **_counts(register)})
    bare = [code for code in book.mailboxes if code not in book.keys]
    if bare:
        more = f" … (+{len(bare) - SHOWN})" if len(bare) > SHOWN else ""
        emit(f"Chưa có khóa / without keys: {', '.join(bare[:SHOWN])}{more}", err=True)


@command.command("sign")
@click.argument("draft", type=file)
@key_option
@cert_option
@root_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The edition.")
@click.option("--previous", type=file, help="The edition before: the number goes up from it.")
@click.option("--days", default=LASTS.days, show_default=True, type=click.IntRange(1, MAX_LIFE.days), help="In force.")
@click.option("--charter", type=file, help="The root's word on who signs; daemons remember it.")
def sign_(
    draft: Path, key: Path, cert: Path, root: Path, out: Path, previous: Path | None, days: int, charter: Path | None
) -> None:
    """Sign a draft as the next edition. Ký thành bản danh mục mới.

    Where a charter wants more signers, hand the file on to them: `directory cosign`. It goes with each later edition.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    before = loaded(previous, root) if previous else None
    said = loaded_charter(charter, root) if charter else before.charter if before else None
    signer = load_signer(key)
    register = Register.parse(draft.read_bytes())
    if before is not None and register.content() == before.register.content():
        emit("Nội dung không đổi, chỉ gia hạn. Nothing changed: the same content with later dates.", err=True)
    encoded = sign(
        register,
        version=before.header.version + 1 if before else 1,
        issued_at=now,
        expires_at=now + timedelta(days=days),
        signer=signer,
        chain=Certificate.from_pem(cert.read_bytes()),
    )
    if said is not None:
        encoded = with_charter(encoded, said)
    signed, missing = judged(before, encoded, root)
    save_edition(out, encoded)
    if signed is None:
        emit(f"Chưa đủ chữ ký. Not signed by enough yet: {missing}; lienthong directory cosign", err=True)
        return
    emit_fields({"bản danh mục / edition": out, **header_fields(signed), "byte": len(encoded)})


@command.command()
@click.argument("edition", type=file)
@click.argument("code", required=False)
@root_option
@json_option
def show(edition: Path, code: str | None, root: Path, as_json: bool) -> None:
    """What an edition says of itself, or of one CODE. Xem một bản danh mục."""
    found = loaded_in_part(edition, root)
    if code is not None:
        facts = {kind: object_of(fact) for kind in (AGENCY, MAILBOX, KEYS) if (fact := found.register.fact(kind, code))}
        if not facts:
            raise UnknownAgency(agency=code)
        emit_json(facts)
    elif as_json:
        emit_json(edition_json(found))
    else:
        gone = found.withdrawn(datetime.now(UTC))
        withdrawn = {"bị thu hồi / withdrawn": ", ".join(gone) or "–"}
        emit_fields({**header_fields(found), **list_fields(found), **_counts(found.register), **withdrawn})


@command.command()
@click.argument("before", type=file)
@click.argument("after", type=file)
@root_option
def diff(before: Path, after: Path, root: Path) -> None:
    """What changes from one draft or edition to another, uncut. So sánh hai bản.

    For a second person, before it is signed: certificates, statements of sealing keys and revocation lists are shown as
    what they say. `!` marks what no chain leads to the root from, and what is revoked no longer: ask before you sign.
    Exit code: 0 nothing changes, 3 something does, marked or not.
    """
    roots = load_roots(root)
    comparison = Comparison(_side(before, root, roots), _side(after, root, roots))
    for line in comparison.lines():
        emit(line)
    emit(f"{comparison.gone} bỏ / gone, {comparison.put} thêm hoặc sửa / new or changed", err=True)
    if comparison.flagged:
        places = ", ".join(dict.fromkeys(comparison.flagged))
        emit(
            f"! PHẢI HỎI TRƯỚC KHI KÝ: không tới gốc, hoặc không còn bị thu hồi: {places}",
            f"! ASK BEFORE YOU SIGN: no chain to the root, or revoked no longer: {places}",
            err=True,
        )
    sys.exit(Exit.FOUND if comparison.gone or comparison.put else Exit.DONE)


@command.command()
@click.argument("edition", type=file)
@root_option
@click.option("--held", type=file, help="An edition held before: the new one must not be older.")
def verify(edition: Path, root: Path, held: Path | None) -> None:
    """Whether a daemon would take it: signer, signature, content, dates, keys. Kiểm tra một bản danh mục."""
    roots, now = load_roots(root), datetime.now(UTC)
    before = load_edition(held, roots=roots, now=now) if held else None
    found = accept(before, edition.read_bytes(), roots=roots, now=now)
    if found is None:
        raise BadEdition(
            why=Words(
                "đó là bản thay đổi, mà --held không phải bản nó thay đổi",
                "it is a change, and --held is not the edition that it changes",
            )
        )
    emit_fields(header_fields(found))
    emit(
        "Đúng: người ký, chữ ký, nội dung, thời hạn, khóa niêm phong của từng hộp thư.",
        "Right: its signer, signature, content and dates, and each mailbox's own word for its sealing keys.",
    )


@command.command()
@click.argument("edition", type=file)
@root_option
@click.option("--previous", type=file, help="The edition before: daemons that hold it get only what changed.")
@click.option(
    "--broker",
    "url",
    required=True,
    envvar="LIENTHONG_BROKER_URL",
    show_envvar=True,
    help="amqps://host/vhost, of a cluster several with spaces between",
)
@click.option("--cafile", type=file, help="Who vouches for the broker.  [default: --root]")
@click.option("--cert", type=file, help="Certificate of the service `authority`.")
@click.option("--key", type=file, help="Its private key.")
def publish(
    edition: Path, root: Path, previous: Path | None, url: str, cafile: Path | None, cert: Path | None, key: Path | None
) -> None:
    """Send an edition to every daemon over the bus. Phát hành lên trục."""
    found = loaded(edition, root)
    now = datetime.now(UTC)
    if found.is_expired(now):
        raise BadEdition(why=f"it expired at {text(found.header.expires_at)}")
    revocations = by_directory(lambda: found.trust_store)
    tls = Tls(cafile=cafile or root, certfile=cert, keyfile=key, revocations=revocations)
    nodes = nodes_of(url, tls=tls if url.startswith("amqps://") else None, user=AUTHORITY)
    roots = load_roots(root)
    if (last := last_edition(*nodes)) is not None and (on_the_bus := _last(last, roots, now)) is not None:
        accept(on_the_bus, found.encoded, roots=roots, now=now)
    before = loaded(previous, root) if previous else None
    changed = change(before, found) if before else announcement(found)
    publish_edition(*nodes, version=found.header.version, whole=found.encoded, change=changed)
    emit_fields(
        {
            **header_fields(found),
            "toàn bộ / whole": f"{len(found.encoded)} byte",
            "thay đổi / change": f"{len(changed)} byte",
        }
    )


command.add_command(charter)
command.add_command(cosign_)


# -- how ---------------------------------------------------------------------------------------------------------------


def _revocation_list(path: Path, now: datetime) -> RevocationList:
    try:
        found = RevocationList.from_pem(path.read_bytes())
    except BadCertificate as exc:
        raise BadConfig(file=path, why=str(exc.facts["why"])) from exc
    if found.until is not None and found.until <= now:
        said = "đã hết hạn, RabbitMQ sẽ không cho ai vào (it has ended, RabbitMQ would let nobody in)"
        raise BadConfig(file=path, why=f"{said}: lienthong ca crl")
    return found


def _last(encoded: bytes, roots: Sequence[Certificate], now: datetime) -> Edition | None:
    """The edition on the bus. Said, and passed over, where it is none that counts: the next one takes its place."""
    try:
        return load(encoded, roots=roots, now=now)
    except BadEdition as error:
        emit(
            f"! Cuối luồng trên trục không phải bản danh mục của ta, có người khác phát: {error.facts['why']}",
            f"! The last entry on the bus is no edition of ours, somebody else published it: {error.facts['why']}",
            err=True,
        )
        return None


def _side(path: Path, root: Path, roots: Sequence[Certificate]) -> Side:
    if path.read_bytes().startswith((WHOLE, COUNTERSIGNED)):
        found = loaded_in_part(path, root)
        return Side(found.register, found.trust_store)
    return Side.of_draft(Register.parse(path.read_bytes()), roots)


def _counts(register: Register) -> dict[str, object]:
    names = ((AGENCY, "đơn vị / agencies"), (MAILBOX, "hộp thư / mailboxes"), (KEYS, "có khóa / with keys"))
    return {name: sum(1 for _ in register.codes(kind)) for kind, name in names}
