"""`lienthong directory`: the signed directory, from its sources to the bus."""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bus import edition as editions
from bus.certificates import Certificate, Purpose, RevocationList, Vouching
from bus.cli.output import emit_fields, emit_json, json_option
from bus.directory import Directory
from bus.edition import Edition
from bus.errors import BadCertificate, BadConfig, BadDirectory, BadEdition
from bus.files.edition import load_edition, load_roots, save_edition
from bus.files.private import read_private, write_public
from bus.keys import SigningKey
from bus.listing import Book, read
from bus.rabbit.address import Tls, cluster
from bus.rabbit.announce import last_edition, publish_edition
from bus.register import AGENCY, KEYS, MAILBOX, Register
from bus.topology import AUTHORITY
from schemas.values import VIETNAM

SHOWN = 40
_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_root = click.option(
    "--root", required=True, type=_file, envvar="LIENTHONG_ROOT", show_envvar=True, help="PEM of the trusted roots."
)


@click.group()
def command() -> None:
    """The signed directory: build, sign, show, diff, verify, publish. Danh mục đã ký.

    Sources are TOML (agencies, mailboxes, keys). `build` judges them, `sign` puts a number, two dates and a signature
    on them, `publish` sends that to every daemon over the bus.
    """


@command.command()
@click.argument("sources", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--issuer", "issuers", multiple=True, required=True, type=_file, help="PEM of an issuing authority.")
@click.option("--crl", "lists", multiple=True, type=_file, help="PEM of a revocation list.")
@_root
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The draft: text, a fact a line.")
def build(sources: Path, issuers: tuple[Path, ...], lists: tuple[Path, ...], root: Path, out: Path) -> None:
    """Judge a folder of TOML files and write them as a draft. Dựng danh mục từ nguồn."""
    book = read({path.name: path.read_bytes() for path in sorted(sources.glob("*.toml"))})
    issuing = [certificate for path in issuers for certificate in Certificate.from_pem(path.read_bytes())]
    now = datetime.now(UTC)
    revoked = [_revocation_list(path, now) for path in lists]
    _check_keys(book, Vouching(load_roots(root), issuing, revoked))
    register = Register.of(
        book,
        issuers=[certificate.der for certificate in issuing],
        revoked=[(each.parsed.issuer.public_bytes(), each.der) for each in revoked],
    )
    write_public(out, register.content())
    found = Directory.of(book, on=datetime.now(VIETNAM).date()).warnings
    for warning in (*found, *_doubts(issuing, revoked, now)):
        click.echo(f"! {warning}", err=True)
    emit_fields({"bản thảo / draft": out, **_counts(register)})
    bare = [code for code in book.mailboxes if code not in book.keys]
    if bare:
        more = f" … (+{len(bare) - SHOWN})" if len(bare) > SHOWN else ""
        click.echo(f"Chưa có khóa / without keys: {', '.join(bare[:SHOWN])}{more}", err=True)


@command.command()
@click.argument("draft", type=_file)
@click.option("--key", required=True, type=_file, help="The signer's private key (PEM).")
@click.option("--cert", required=True, type=_file, help="Its certificate and those above it (PEM).")
@_root
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The edition.")
@click.option("--previous", type=_file, help="The edition before: the number goes up from it.")
@click.option("--days", default=editions.LASTS.days, show_default=True, type=click.IntRange(1, 400), help="In force.")
def sign(draft: Path, key: Path, cert: Path, root: Path, out: Path, previous: Path | None, days: int) -> None:
    """Sign a draft as the next edition. Ký thành bản danh mục mới."""
    roots, now = load_roots(root), datetime.now(UTC).replace(microsecond=0)
    before = load_edition(previous, roots=roots, now=now) if previous else None
    try:
        signer = SigningKey.from_pem(read_private(key))
    except ValueError as exc:
        raise BadConfig(file=key, why=str(exc)) from exc
    register = Register.parse(draft.read_bytes())
    if before is not None and register.content() == before.register.content():
        click.echo("Nội dung không đổi, chỉ gia hạn. Nothing changed: the same content with later dates.", err=True)
    encoded = editions.sign(
        register,
        version=before.header.version + 1 if before else 1,
        issued_at=now,
        expires_at=now + timedelta(days=days),
        signer=signer,
        chain=Certificate.from_pem(cert.read_bytes()),
    )
    signed = editions.accept(before, encoded, roots=roots, now=now)  # as every daemon will judge it
    assert signed is not None
    save_edition(out, encoded)
    emit_fields({"bản danh mục / edition": out, **_header(signed), "byte": len(encoded)})


@command.command()
@click.argument("edition", type=_file)
@click.argument("code", required=False)
@_root
@json_option
def show(edition: Path, code: str | None, root: Path, as_json: bool) -> None:
    """What an edition says of itself, or of one CODE. Xem một bản danh mục."""
    found = _loaded(edition, root)
    if code is not None:
        facts = {
            kind: json.loads(fact) for kind in (AGENCY, MAILBOX, KEYS) if (fact := found.register.fact(kind, code))
        }
        if not facts:
            raise click.BadParameter(f"{code} is not in it", param_hint="CODE")
        emit_json(facts)
    elif as_json:
        emit_json(found.header.model_dump() | {"signer": found.signer.name})
    else:
        gone = found.withdrawn(datetime.now(UTC))
        emit_fields({**_header(found), **_counts(found.register), "bị thu hồi / withdrawn": ", ".join(gone) or "–"})


@command.command()
@click.argument("before", type=_file)
@click.argument("after", type=_file)
@_root
def diff(before: Path, after: Path, root: Path) -> None:
    """What changes from one draft or edition to another. Exit code: 0 nothing, 2 something. So sánh hai bản."""
    one, other = _register(before, root), _register(after, root)
    change = one.change_to(other)
    for name in change.gone:
        click.echo(f"- {name.replace(chr(9), ' ')}")
    for line in change.put:
        kind, code, fact = line.decode().rstrip("\n").split("\t", 2)
        was = one.fact(kind, code)
        click.echo(f"+ {kind} {code}" if was is None else f"~ {kind} {code}: {_differences(was, fact.encode())}")
    click.echo(f"{len(change.gone)} bỏ / gone, {len(change.put)} thêm hoặc sửa / new or changed", err=True)
    sys.exit(2 if change.gone or change.put else 0)


@command.command()
@click.argument("edition", type=_file)
@_root
@click.option("--held", type=_file, help="An edition held before: the new one must not be older.")
def verify(edition: Path, root: Path, held: Path | None) -> None:
    """Whether a daemon would take it: signer, signature, content, dates, keys. Kiểm tra một bản danh mục."""
    roots, now = load_roots(root), datetime.now(UTC)
    before = load_edition(held, roots=roots, now=now) if held else None
    found = editions.accept(before, edition.read_bytes(), roots=roots, now=now)
    if found is None:
        raise BadEdition(why="it is a change, and --held is not the edition that it changes")
    emit_fields(_header(found))
    click.echo(
        "Đúng: người ký, chữ ký, nội dung, thời hạn, khóa niêm phong của từng hộp thư.\n"
        "Right: its signer, signature, content and dates, and each mailbox's own word for its sealing keys."
    )


@command.command()
@click.argument("edition", type=_file)
@_root
@click.option("--previous", type=_file, help="The edition before: daemons that hold it get only what changed.")
@click.option(
    "--broker",
    "url",
    required=True,
    envvar="LIENTHONG_BROKER_URL",
    show_envvar=True,
    help="amqps://host/vhost, of a cluster several with spaces between",
)
@click.option("--cafile", type=_file, help="Who vouches for the broker.  [default: --root]")
@click.option("--cert", type=_file, help="Certificate of the service `authority`.")
@click.option("--key", type=_file, help="Its private key.")
def publish(
    edition: Path, root: Path, previous: Path | None, url: str, cafile: Path | None, cert: Path | None, key: Path | None
) -> None:
    """Send an edition to every daemon over the bus. Phát hành lên trục."""
    found = _loaded(edition, root)
    now = datetime.now(UTC)
    if found.is_expired(now):
        raise BadEdition(why=f"it expired at {found.header.expires_at:%Y-%m-%d %H:%M}Z")
    tls = Tls(cafile=cafile or root, certfile=cert, keyfile=key) if url.startswith("amqps://") else None
    nodes = cluster(url.split(), tls=tls, user=AUTHORITY)
    roots = load_roots(root)
    if (last := last_edition(*nodes)) is not None:
        editions.accept(editions.load(last, roots=roots, now=now), found.encoded, roots=roots, now=now)
    before = _loaded(previous, root) if previous else None
    change = editions.change(before, found) if before else editions.announcement(found)
    publish_edition(*nodes, version=found.header.version, whole=found.encoded, change=change)
    emit_fields(
        {**_header(found), "toàn bộ / whole": f"{len(found.encoded)} byte", "thay đổi / change": f"{len(change)} byte"}
    )


# -- how ---------------------------------------------------------------------------------------------------------------


def _check_keys(book: Book, vouching: Vouching) -> None:
    """Every contradiction among the keys at once. Raises BadDirectory."""
    wrong = []
    for code, keys in book.keys.items():
        try:
            editions.check_keys(code, keys)
            for der in keys.certificates:
                vouching.standing(Certificate.from_der(der), Purpose.MAILBOX)
        except (BadDirectory, BadCertificate) as error:
            why = str(error.facts["why"])
            wrong.append(why if why.startswith(code) else f"{code}: {why}")
    if wrong:
        raise BadDirectory(why="; ".join(wrong))


def _revocation_list(path: Path, now: datetime) -> RevocationList:
    try:
        found = RevocationList.from_pem(path.read_bytes())
    except BadCertificate as exc:
        raise BadConfig(file=path, why=str(exc.facts["why"])) from exc
    if found.until is not None and found.until <= now:
        said = "đã hết hạn, RabbitMQ sẽ không cho ai vào (it has ended, RabbitMQ would let nobody in)"
        raise BadConfig(file=path, why=f"{said}: lienthong ca crl")
    return found


def _doubts(issuing: Sequence[Certificate], revoked: Sequence[RevocationList], now: datetime) -> Iterator[str]:
    """What would shut the broker's door to everybody: an issuer without a list, a list that ends before the edition."""
    for issuer in issuing:
        if not any(each.signed_by(issuer) for each in revoked):
            yield (
                f"{issuer.name}: thiếu danh sách thu hồi, RabbitMQ sẽ không cho ai của nó vào "
                "(no revocation list, RabbitMQ lets in nobody it vouches for): --crl"
            )
    for each in revoked:
        if each.until is not None and each.until < now + editions.LASTS:
            yield (
                f"danh sách thu hồi hết hạn {each.until:%Y-%m-%d}, trước bản danh mục "
                "(the revocation list ends before the edition): lienthong ca crl"
            )


def _loaded(path: Path, root: Path) -> Edition:
    found = load_edition(path, roots=load_roots(root), now=datetime.now(UTC))
    assert found is not None, "click has looked whether the file is there"
    return found


def _register(path: Path, root: Path) -> Register:
    if path.read_bytes().startswith(editions.WHOLE):
        return _loaded(path, root).register
    return Register.parse(path.read_bytes())


def _header(edition: Edition) -> dict[str, object]:
    header = edition.header
    return {
        "số / version": header.version,
        "phát hành / issued": header.issued_at,
        "hết hạn / expires": header.expires_at,
        "người ký / signer": f"{edition.signer.name} ({edition.signer.fingerprint[:16]}…)",
        "SHA-256": header.sha256,
    }


def _counts(register: Register) -> dict[str, object]:
    names = ((AGENCY, "đơn vị / agencies"), (MAILBOX, "hộp thư / mailboxes"), (KEYS, "có khóa / with keys"))
    return {name: sum(1 for _ in register.codes(kind)) for kind, name in names}


def _differences(before: bytes, after: bytes) -> str:
    was, now = json.loads(before), json.loads(after)
    keys: Sequence[str] = sorted({*was, *now})
    return "; ".join(
        f"{key} {_short(was.get(key))} → {_short(now.get(key))}" for key in keys if was.get(key) != now.get(key)
    )


def _short(value: object) -> str:
    text = "∅" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
