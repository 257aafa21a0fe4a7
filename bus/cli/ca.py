"""`lienthong ca`: a small certificate authority for pilots and tests. A country has its own."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bus.cli.endings import say_endings
from bus.cli.host_names import LONGEST, is_host
from bus.cli.issuers import next_issuer, revoke_issuer, root_crl
from bus.cli.output import Trouble, emit, emit_fields, emit_json, json_option, text, typed
from bus.cli.revocation import Since, reason_and_since
from bus.cli.tables import emit_table
from bus.cli.token_options import existing_option, token_key, token_option
from bus.directory.keys import MailboxKeys
from bus.directory.sources import key_entries, read, render_keys
from bus.errors import BadCertificate, BadConfig, NoFingerprint, UnprovenRenewal, Words, WrongFingerprint
from bus.files.authority import Issued, Registry, create_registry, registry_of
from bus.files.authority_keys import check_unfounded
from bus.files.issuers import found_root_list
from bus.files.private import create_private, write_public
from bus.topology.names import SERVICES
from bus.trust.authority import Request, issue, new_issuer, new_root, read_request
from bus.trust.certificates import Certificate, Purpose
from bus.trust.keys import SigningKey
from bus.trust.renewal import fingerprint, is_fingerprint
from bus.trust.statements import SealingStatement
from schemas.agency import Mailbox
from schemas.values import MailboxCode

if TYPE_CHECKING:
    from bus.token.pkcs11 import TokenKey

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


for each in (next_issuer, revoke_issuer, root_crl):
    command.add_command(each)


@command.command()
@_folder
@click.option("--name", default="Lien thong pilot", show_default=True, help="Of the authority; ASCII letters.")
@token_option("--root-token", "The root's key")
@token_option("--issuer-token", "The issuer's key")
@existing_option
def init(folder: Path, name: str, root_token: str | None, issuer_token: str | None, existing_keys: bool) -> None:
    """Found an authority in DIR: a root, and an issuer below it. Tạo cơ quan cấp chứng thư."""
    if not name.isascii():
        raise click.BadParameter(
            "letters without marks, please: RabbitMQ on Erlang 27 cannot look up revocation lists by other names / "
            "tên không dấu",
            param_hint="--name",
        )
    if not 1 <= len(name) <= LONGEST - len(" issuer"):
        raise click.BadParameter("1 … 57 letters / 1 … 57 chữ", param_hint="--name")
    now = _now()
    check_unfounded(folder)
    of_root = root_token and token_key(root_token, folder / "root.token", exists=existing_keys)
    of_issuer = issuer_token and token_key(issuer_token, folder / "issuer.token", exists=existing_keys)
    root = new_root(f"{name} root", at=now, key=of_root or None)
    issuer = new_issuer(root, f"{name} issuer", at=now, key=of_issuer or None)
    create_registry(folder, root, issuer, at=now)
    found_root_list(folder, root, at=now)
    emit_fields(
        {
            "gốc / root": f"{folder / 'root.pem'}  SHA-256 {root.certificate.fingerprint}",
            "cho RabbitMQ / for RabbitMQ": folder / "vouching.pem",
            "danh sách thu hồi / revocation list": folder / "crl.pem",
            "hết hạn / until": root.certificate.until,
        }
    )
    key = f"token {of_root.settings.token}" if of_root else folder / "root.key"
    emit(f"Cất {key} ra khỏi máy này. Put {key} in a safe, off this machine.", err=True)


@command.command("issue")
@_folder
@_request
@click.option("--fingerprint", "said", metavar="DIGITS", help="What the agency read out.  [default: asked]")
@click.option("--beside", is_flag=True, help="Although it has one: for TLS beside a token, or where its key is lost.")
@_days
@_entry
@click.option("--out", type=click.Path(path_type=Path), help="Where the chain goes too (PEM).")
def issue_(
    folder: Path, request: Path, said: str | None, beside: bool, days: int, entry: Path | None, out: Path | None
) -> None:
    """Issue a mailbox's first certificate for its request. Cấp chứng thư đầu tiên theo yêu cầu.

    Call the agency at a number that you know, not at one that came with the request, and have it read the fingerprint
    of its request to you: `lienthong keys fingerprint`. It is asked for here, and shown only when it fits.
    """
    asked = _read(request)
    with registry_of(folder) as registry:
        if not beside and (held := registry.held(asked.name, _now())):
            why = Words(
                f"nó đã có chứng thư đến {held[-1].until[:10]}: lienthong ca renew; cơ quan mất khóa của chứng thư ấy: "
                "lienthong ca revoke, rồi chạy lại lệnh này",
                f"it has one until {held[-1].until[:10]}: lienthong ca renew; where the agency has lost the key of it: "
                "lienthong ca revoke, then this again",
            )
            raise BadCertificate(name=asked.name, why=why)
        _check_fingerprint(asked, said)
        _issue(registry, asked, days, entry, out, renewed=False)


@command.command()
@_folder
@click.argument("code")
@_request
@_days
@_entry
@click.option("--out", type=click.Path(path_type=Path), help="Where the chain goes too (PEM).")
def renew(folder: Path, code: str, request: Path, days: int, entry: Path | None, out: Path | None) -> None:
    """Issue another certificate beside the one that CODE has: both count until the old one ends. Gia hạn.

    The request must be signed by the key in force, as `lienthong keys rotate` does it: a name alone proves nothing.
    """
    asked = _read(request)
    if asked.name != code:
        raise _refused(asked.name, f"yêu cầu này không phải của {code}", f"this request is not from {code}")
    with registry_of(folder) as registry:
        if not registry.held(code, _now()):
            raise _refused(
                code,
                "nó chưa có chứng thư nào để gia hạn: lienthong ca issue",
                "it has no certificate to renew: lienthong ca issue",
            )
        _check_proof(registry, asked)
        _issue(registry, asked, days, entry, out, renewed=True)


@command.command()
@_folder
@click.argument("code", required=False)
@click.option("--serial", help="Only the certificate with this number.")
@reason_and_since
def revoke(folder: Path, code: str | None, serial: str | None, reason: str, since: Since) -> None:
    """Revoke all certificates of CODE, or one by its serial. Thu hồi chứng thư.

    With the reason key-compromise nothing that the key ever signed counts, whatever the date; with another one, what it
    signed before. Then build, sign and publish the directory, and run `lienthong topology apply`: its connections are
    cut.
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
            raise _refused(code or serial, "không có gì của nó để thu hồi", "nothing of it is there to revoke")
        now, serials = _now(), {line.serial for line in chosen}
        since.check(began=map(registry.began, chosen), now=now)
        registry.revoke(serials, at=now, reason=reason, since=since.at)
        done = [line for line in registry.issued() if line.serial in serials]
    for line in done:
        at = text(datetime.fromisoformat(str(line.revoked)))
        emit(f"đã thu hồi / revoked: {line.code} {line.serial} ({reason}, từ / since {at})")
    emit(f"danh sách thu hồi / revocation list: {folder / 'crl.pem'}")


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
    """What ends within 30 days: the revocation list, the authority, what it issued. Exit code: 0 nothing, 3 something.

    For a timer: with a revocation list that has ended, RabbitMQ lets nobody in. Những gì sắp hết hạn.
    """
    with registry_of(folder) as registry:
        endings = list(registry.endings(_now()))
    say_endings(endings, as_json=as_json)


@command.command()
@_folder
def crl(folder: Path) -> None:
    """Make the revocation list anew, before the old one ends. Làm mới danh sách thu hồi.

    Then build, sign and publish the directory: the list travels in it. `vouching.pem` is written anew, too.
    """
    with registry_of(folder) as registry:
        registry.write_anchor()
        registry.write_crl(at=_now())
        emit(registry.crl)


@command.command("issue-broker")
@_folder
@click.option("--host", "hosts", multiple=True, required=True, help="Name or address of the broker; may be repeated.")
@_days
@_out
@_key
def issue_broker(folder: Path, hosts: tuple[str, ...], days: int, out: Path, key: Path) -> None:
    """Make a broker's key and certificate. Chứng thư cho RabbitMQ."""
    if wrong := [host for host in hosts if not is_host(host)]:
        raise click.BadParameter(f"{wrong[0]!r}: no host name / không phải tên máy", param_hint="--host")
    _make(folder, hosts[0], Purpose.BROKER, days, out, key, hosts=hosts)


@command.command("issue-directory")
@_folder
@_days
@_out
@_key
@token_option("--token", "The signer's key: --key is then a .token file that names it,")
@existing_option
def issue_directory(folder: Path, days: int, out: Path, key: Path, token: str | None, existing_keys: bool) -> None:
    """Make the key and certificate that sign the directory. Chứng thư ký danh mục."""
    signer = None
    if token is not None:
        if key.suffix != ".token":
            raise click.BadParameter("a file that names a token's key ends in .token", param_hint="--key")
        signer = token_key(token, key, exists=existing_keys)
    _make(folder, "directory", Purpose.DIRECTORY, days, out, key, signer=signer)


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


def _read(file: Path) -> Request:
    """Raises BadCertificate: no request, or in a name that no mailbox has. Whoever made it may have put anything
    there."""
    asked = read_request(file.read_bytes())
    try:
        Mailbox(code=asked.name)
    except ValueError as exc:
        raise _refused(asked.name, "tên này không phải mã hộp thư", "its common name is no mailbox code") from exc
    if asked.name in SERVICES:
        do = "lienthong ca issue-service"
        raise _refused(asked.name, f"tên này dành cho dịch vụ: {do}", f"this name is a service's: {do}")
    return asked


def _issue(
    registry: Registry, asked: Request, days: int, entry: Path | None, out: Path | None, *, renewed: bool
) -> None:
    now = _now()
    # What is wrong there is said before anything is issued.
    beside = None if entry is None else _entered(registry, entry, asked, renewed=renewed)
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
            "vân tay / fingerprint": fingerprint(asked.key),
            "khóa niêm phong / sealing keys": ", ".join(each.key.id for each in asked.statements) or "–",
        }
    )
    if entry is not None and beside is not None:
        _put_entry(entry, asked.name, made, beside)
        emit(f"mục của danh mục / the directory's entry: {entry}")


def _check_fingerprint(asked: Request, said: str | None) -> None:
    """Raises NoFingerprint, WrongFingerprint unless the operator was read the fingerprint of this request's key."""
    if said is None:
        if not sys.stdin.isatty():
            raise NoFingerprint(name=asked.name)
        said = typed(f"Vân tay mà {asked.name} đọc qua điện thoại / The fingerprint that {asked.name} reads out")
    if not is_fingerprint(said, asked.key):
        raise WrongFingerprint(name=asked.name, said=said)


def _check_proof(registry: Registry, asked: Request) -> None:
    """Raises UnprovenRenewal unless a key whose certificate counts now signed the whole request."""
    if asked.proof is None:
        raise UnprovenRenewal(name=asked.name, why="not signed by the key in force", why_vi="khóa đang dùng không ký")
    if not asked.is_renewal_by(each.verify_key() for each in registry.in_force(asked.name, _now())):
        by = asked.proof.signed_by
        raise UnprovenRenewal(
            name=asked.name,
            why=f"key {by}, which signed it, has no certificate here that counts now, or it was changed afterwards",
            why_vi=f"khóa {by} đã ký không có chứng thư còn hiệu lực ở đây, hoặc yêu cầu bị sửa sau khi ký",
        )


def _entered(registry: Registry, file: Path, asked: Request, *, renewed: bool) -> MailboxKeys:
    """What the mailbox's entry shall have beside the new certificate: the certificates there that have not ended; the
    sealing keys of the request, and behind them those there that still count, unless the mailbox itself left them out,
    which only a renewal proves. The sources beside it must name the mailbox: a certificate is a login, and nobody else
    should have one."""
    listed = read({path.name: path.read_bytes() for path in file.parent.glob("*.toml") if path != file}).mailboxes
    if listed and asked.name not in listed:
        raise BadConfig(
            file=file.parent, why=Words(f"không có hộp thư {asked.name}", "no mailbox of that name is listed")
        )
    before = key_entries(file.read_bytes(), mailbox=asked.name) if file.exists() else None
    now, stated = _now(), [each.encoded for each in asked.statements]
    older = [each for der in before.certificates if (each := Certificate.from_der(der)).until > now] if before else []
    if before is not None and not (renewed and stated):
        revoked = {line.serial for line in registry.issued() if line.revoked is not None}
        keys = [each.verify_key() for each in older if f"{each.serial:x}" not in revoked]
        there = [each for each in map(SealingStatement.from_bytes, before.sealing) if each.until > now]
        stated += [each.encoded for each in there if each.encoded not in stated and each.holds(asked.name, keys)]
    if not stated:
        raise BadConfig(file=file, why=Words("yêu cầu không có khóa niêm phong", "the request states no sealing key"))
    return MailboxKeys(certificates=tuple(each.der for each in older), sealing=tuple(stated))


def _put_entry(file: Path, mailbox: MailboxCode, made: Certificate, beside: MailboxKeys) -> None:
    """The mailbox's `[[keys]]`; one mailbox a file."""
    text = render_keys(mailbox, certificates=[made.der, *beside.certificates], sealing=beside.sealing)
    write_public(file, text.encode())


def _make(
    folder: Path,
    name: MailboxCode,
    purpose: Purpose,
    days: int,
    out: Path,
    key: Path,
    hosts: tuple[str, ...] = (),
    signer: "TokenKey | None" = None,
) -> None:
    with registry_of(folder) as registry:
        made = signer or SigningKey.generate()
        now = _now()
        lasts = timedelta(days=days)
        certificate = issue(registry.issuer, made.public, name=name, purpose=purpose, at=now, lasts=lasts, hosts=hosts)
        create_private(key, made.to_pem() if isinstance(made, SigningKey) else made.settings.to_toml())
        path = registry.add(certificate, purpose, at=now)
        write_public(out, path.read_bytes())
    emit_fields({"chứng thư / certificate": out, "khóa / key": key, "hết hạn / until": certificate.until})


def _state(line: Issued, now: datetime) -> str:
    if line.revoked is not None:
        return Trouble(f"thu hồi / revoked {_day(line.revoked)} ({line.reason})")
    left = (datetime.fromisoformat(line.until) - now).days
    return f"còn {left} ngày / days left" if left >= 0 else Trouble("hết hạn / ended")


def _day(at: str) -> str:
    return text(datetime.fromisoformat(at))[:10]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _refused(name: str | None, vi: str, en: str) -> BadCertificate:
    return BadCertificate(name=name, why=Words(vi, en))
