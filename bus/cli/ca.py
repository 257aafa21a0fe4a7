"""`lienthong ca`: a small certificate authority for pilots and tests. A country has its own."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bus.authority import Request, issue, new_issuer, new_root, read_request
from bus.certificates import Certificate, Purpose
from bus.cli.endings import say_endings
from bus.cli.output import emit_fields, emit_json, json_option
from bus.cli.tables import emit_table
from bus.directory import render_keys
from bus.endings import Ending
from bus.errors import BadCertificate, BadConfig
from bus.files.authority import REASONS, Issued, Registry, create_registry, registry_of
from bus.files.private import create_private, write_public
from bus.keys import SigningKey
from bus.listing import MailboxKeys, key_entries, read
from bus.topology import AUTHORITY, LEDGER, OPERATOR
from schemas.agency import Mailbox
from schemas.codes import Label
from schemas.values import MailboxCode

SERVICES = (OPERATOR, LEDGER, AUTHORITY)
_LONGEST = 64
"""Letters of a common name (RFC 5280, appendix A)."""
_HOST = re.compile(rf"[A-Za-z0-9*.:-]{{1,{_LONGEST}}}")
_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_request = click.argument("request", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_days = click.option("--days", default=365, show_default=True, type=click.IntRange(1, 3650), help="How long it counts.")
_out = click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the chain goes (PEM).")
_key = click.option("--key", required=True, type=click.Path(path_type=Path), help="Where the new private key goes.")
_entry = click.option(
    "--entry", type=click.Path(path_type=Path), help="File of the directory's sources: the [[keys]] entry is put there."
)


@click.group()
def command() -> None:
    """A small certificate authority for pilots and tests. Cơ quan cấp chứng thư để chạy thử.

    A national authority takes its place without any change at the agencies: the requests are PKCS#10.
    """


@command.command()
@_folder
@click.option("--name", default="Lien thong pilot", show_default=True, help="Of the authority; ASCII letters.")
def init(folder: Path, name: str) -> None:
    """Found an authority in DIR: a root, and an issuer below it. Tạo cơ quan cấp chứng thư."""
    if not name.isascii():
        raise click.BadParameter(
            "letters without marks, please: RabbitMQ on Erlang 27 cannot look up revocation lists by other names / "
            "tên không dấu",
            param_hint="--name",
        )
    if not 1 <= len(name) <= _LONGEST - len(" issuer"):
        raise click.BadParameter("1 … 57 letters / 1 … 57 chữ", param_hint="--name")
    now = _now()
    root = new_root(f"{name} root", at=now)
    issuer = new_issuer(root, f"{name} issuer", at=now)
    create_registry(folder, root, issuer, at=now)
    emit_fields(
        {
            "gốc / root": f"{folder / 'root.pem'}  SHA-256 {root.certificate.fingerprint}",
            "cho RabbitMQ / for RabbitMQ": folder / "vouching.pem",
            "danh sách thu hồi / revocation list": folder / "crl.pem",
            "hết hạn / until": root.certificate.until,
        }
    )
    click.echo(
        f"Cất {folder / 'root.key'} ra khỏi máy này. Put {folder / 'root.key'} in a safe, off this machine.", err=True
    )


@command.command("issue")
@_folder
@_request
@_days
@_entry
@click.option("--out", type=click.Path(path_type=Path), help="Where the chain goes too (PEM).")
def issue_(folder: Path, request: Path, days: int, entry: Path | None, out: Path | None) -> None:
    """Issue a mailbox's certificate for its request. Cấp chứng thư theo yêu cầu."""
    asked = read_request(request.read_bytes())
    with registry_of(folder) as registry:
        if held := _held(registry, asked.name):
            why = f"it has one until {held[-1].until[:10]}: lienthong ca renew, or revoke first"
            raise BadCertificate(name=asked.name, why=why)
        _issue(registry, asked, days, entry, out)


@command.command()
@_folder
@click.argument("code")
@_request
@_days
@_entry
@click.option("--out", type=click.Path(path_type=Path), help="Where the chain goes too (PEM).")
def renew(folder: Path, code: str, request: Path, days: int, entry: Path | None, out: Path | None) -> None:
    """Issue another certificate beside the one that CODE has: both count until the old one ends. Gia hạn."""
    asked = read_request(request.read_bytes())
    if asked.name != code:
        raise BadCertificate(name=asked.name, why=f"this request is not from {code}")
    with registry_of(folder) as registry:
        if not _held(registry, code):
            raise BadCertificate(name=code, why="it has no certificate to renew: lienthong ca issue")
        _issue(registry, asked, days, entry, out)


@command.command()
@_folder
@click.argument("code", required=False)
@click.option("--serial", help="Only the certificate with this number.")
@click.option("--reason", type=click.Choice(list(REASONS)), default="unspecified", show_default=True)
def revoke(folder: Path, code: str | None, serial: str | None, reason: str) -> None:
    """Revoke all certificates of CODE, or one by its serial. Thu hồi chứng thư.

    Then build, sign and publish the directory, and run `lienthong topology apply`: its connections are cut.
    """
    if (code is None) == (serial is None):
        raise click.UsageError("CODE or --serial, one of them")
    with registry_of(folder) as registry:
        chosen = [
            line
            for line in registry.issued()
            if line.revoked is None and (line.code == code if serial is None else line.serial == serial.lower())
        ]
        if not chosen:
            raise BadCertificate(name=code or serial, why="nothing of it is there to revoke")
        registry.revoke({line.serial for line in chosen}, at=_now(), reason=reason)
    for line in chosen:
        click.echo(f"đã thu hồi / revoked: {line.code} {line.serial} ({reason})")
    click.echo(f"danh sách thu hồi / revocation list: {folder / 'crl.pem'}")


@command.command("list")
@_folder
@json_option
def list_(folder: Path, as_json: bool) -> None:
    """What was issued, until when, and what was revoked. Các chứng thư đã cấp."""
    with registry_of(folder) as registry:
        issued, now = registry.issued(), _now()
    if as_json:
        emit_json([{name: getattr(line, name) for name in Issued.__slots__} for line in issued])
        return
    rows = [(line.code, line.purpose, _day(line.until), _state(line, now), line.serial) for line in issued]
    emit_table(("Mã\ncode", "Dùng cho\npurpose", "Hết hạn\nuntil", "\nstate", "Số hiệu\nserial"), rows)


@command.command()
@_folder
@json_option
def expiring(folder: Path, as_json: bool) -> None:
    """What ends within 30 days: the revocation list, the authority, what it issued. Exit code: 0 nothing, 2 something.

    For a timer: with a revocation list that has ended, RabbitMQ lets nobody in. Những gì sắp hết hạn.
    """
    with registry_of(folder) as registry:
        endings = list(_endings(registry))
    say_endings(endings, as_json=as_json)


@command.command()
@_folder
def crl(folder: Path) -> None:
    """Make the revocation list anew, before the old one ends. Làm mới danh sách thu hồi.

    Then build, sign and publish the directory: the list travels in it.
    """
    with registry_of(folder) as registry:
        registry.write_crl(at=_now())
        click.echo(registry.crl)


@command.command("issue-broker")
@_folder
@click.option("--host", "hosts", multiple=True, required=True, help="Name or address of the broker; may be repeated.")
@_days
@_out
@_key
def issue_broker(folder: Path, hosts: tuple[str, ...], days: int, out: Path, key: Path) -> None:
    """Make a broker's key and certificate. Chứng thư cho RabbitMQ."""
    if wrong := [host for host in hosts if not _HOST.fullmatch(host)]:
        raise click.BadParameter(f"{wrong[0]!r}: no host name / không phải tên máy", param_hint="--host")
    _make(folder, hosts[0], Purpose.BROKER, days, out, key, hosts=hosts)


@command.command("issue-directory")
@_folder
@_days
@_out
@_key
def issue_directory(folder: Path, days: int, out: Path, key: Path) -> None:
    """Make the key and certificate that sign the directory. Chứng thư ký danh mục."""
    _make(folder, "directory", Purpose.DIRECTORY, days, out, key)


@command.command("issue-service")
@_folder
@click.argument("name", type=click.Choice(SERVICES))
@_days
@_out
@_key
def issue_service(folder: Path, name: str, days: int, out: Path, key: Path) -> None:
    """Make the key and certificate with which a service of the centre logs in. Chứng thư cho dịch vụ trung tâm."""
    _make(folder, name, Purpose.SERVICE, days, out, key)


# -- how ---------------------------------------------------------------------------------------------------------------


def _issue(registry: Registry, asked: Request, days: int, entry: Path | None, out: Path | None) -> None:
    try:
        Mailbox(code=asked.name)
    except ValueError as exc:
        raise BadCertificate(name=asked.name, why="its common name is no mailbox code") from exc
    if asked.name in SERVICES:
        raise BadCertificate(name=asked.name, why="this name is a service's: lienthong ca issue-service")
    now = _now()
    before = None if entry is None else _entered(entry, asked)  # what is wrong there is said before anything is issued
    made = issue(
        registry.issuer, asked.key, name=asked.name, purpose=Purpose.MAILBOX, at=now, lasts=timedelta(days=days)
    )
    path = registry.add(made, Purpose.MAILBOX, at=now)
    if out is not None:
        write_public(out, path.read_bytes())
    emit_fields(
        {
            "chứng thư / certificate": out or path,
            "hộp thư / mailbox": made.name,
            "số hiệu / serial": f"{made.serial:x}",
            "hết hạn / until": made.until,
            "khóa niêm phong / sealing keys": ", ".join(each.key.id for each in asked.statements) or "–",
        }
    )
    if entry is not None:
        _put_entry(entry, asked, made, before)
        click.echo(f"mục của danh mục / the directory's entry: {entry}")


def _entered(file: Path, asked: Request) -> MailboxKeys | None:
    """What the mailbox's entry says so far; None where there is no file yet. The sources beside it must name the
    mailbox: a certificate is a login, and nobody else should have one."""
    listed = read({path.name: path.read_bytes() for path in file.parent.glob("*.toml") if path != file}).mailboxes
    if listed and asked.name not in listed:
        raise BadConfig(file=file.parent, why=f"không có hộp thư {asked.name} (no mailbox of that name is listed)")
    before = key_entries(file.read_bytes(), mailbox=asked.name) if file.exists() else None
    if not asked.statements and (before is None or not before.sealing):
        raise BadConfig(file=file, why="yêu cầu không có khóa niêm phong (the request states no sealing key)")
    return before


def _put_entry(file: Path, asked: Request, made: Certificate, before: MailboxKeys | None) -> None:
    """The mailbox's `[[keys]]`, with the certificates that were there and still count; one mailbox a file."""
    now = _now()
    older = [der for der in before.certificates if Certificate.from_der(der).until > now] if before else []
    stated = [each.encoded for each in asked.statements] or list(before.sealing if before else ())
    text = render_keys(asked.name, certificates=[made.der, *older], sealing=stated)
    write_public(file, text.encode())


def _make(
    folder: Path, name: MailboxCode, purpose: Purpose, days: int, out: Path, key: Path, hosts: tuple[str, ...] = ()
) -> None:
    with registry_of(folder) as registry:
        made = SigningKey.generate()
        now = _now()
        lasts = timedelta(days=days)
        certificate = issue(registry.issuer, made.public, name=name, purpose=purpose, at=now, lasts=lasts, hosts=hosts)
        create_private(key, made.to_pem())
        path = registry.add(certificate, purpose, at=now)
        write_public(out, path.read_bytes())
    emit_fields({"chứng thư / certificate": out, "khóa / key": key, "hết hạn / until": certificate.until})


def _held(registry: Registry, code: str) -> list[Issued]:
    now = _now()
    mailboxes = (line for line in registry.issued() if line.purpose == Purpose.MAILBOX)
    return [line for line in mailboxes if line.code == code and line.counts(now)]


def _endings(registry: Registry) -> Iterator[Ending]:
    if (until := registry.crl_until) is not None:
        yield Ending(Label("danh sách thu hồi", "revocation list"), until)
    yield Ending(Label("gốc", "root"), registry.root.until)
    yield Ending(Label("nơi cấp", "issuer"), registry.issuer.certificate.until)
    now, last = _now(), dict[tuple[str, str], datetime]()
    for line in registry.issued():
        if line.counts(now):
            until, key = datetime.fromisoformat(line.until), (line.code, line.purpose)
            last[key] = max(until, last.get(key, until))
    for (code, purpose), until in last.items():
        yield Ending(Label(f"chứng thư {code} ({purpose})", f"certificate of {code} ({purpose})"), until)


def _state(line: Issued, now: datetime) -> str:
    if line.revoked is not None:
        return f"thu hồi / revoked {_day(line.revoked)} ({line.reason})"
    left = (datetime.fromisoformat(line.until) - now).days
    return f"còn {left} ngày / days left" if left >= 0 else "hết hạn / ended"


def _day(text: str) -> str:
    return text[:10]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
