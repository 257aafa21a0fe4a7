"""`lienthong ca next-issuer|revoke-issuer|root-crl`: what a root's key is taken out of its safe for."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bus.cli.output import emit, emit_fields, text
from bus.cli.revocation import Since, reason_and_since
from bus.files.issuers import create_next_registry, load_root, withdrawal_of, write_root_list
from bus.trust.certificates import Certificate

_root = click.argument("root", metavar="ROOT-DIR", type=click.Path(path_type=Path))


_first_list = click.option("--first", is_flag=True, help="The root never had a list: begin one. Danh sách đầu tiên.")


@click.command("next-issuer")
@_root
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Of the issuer; ASCII letters, and not that of the one before.")
def next_issuer(root: Path, folder: Path, name: str) -> None:
    """Make the next issuer below a root, in DIR. Nơi cấp mới dưới cùng một gốc.

    ROOT-DIR has the root's certificate and key, back from the safe; DIR never holds that key. Give each issuer a name
    of its own: revocation lists are found by it. Agencies keep their root.
    """
    if not name.isascii() or not name.strip():
        raise click.BadParameter("letters without marks, please / tên không dấu", param_hint="--name")
    made = create_next_registry(folder, load_root(root), name, at=_now())
    issuer = made.issuer.certificate
    emit_fields(
        {
            "nơi cấp / issuer": f"{folder / 'issuer.pem'}  SHA-256 {issuer.fingerprint}",
            "danh sách thu hồi / revocation list": made.crl,
            "hết hạn / until": issuer.until,
        }
    )
    _say_safe(root)


@click.command("revoke-issuer")
@_root
@click.argument("issuer", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_first_list
@reason_and_since
def revoke_issuer(root: Path, issuer: Path, first: bool, reason: str, since: Since) -> None:
    """Revoke an issuer, and with it all that it ever issued. Thu hồi nơi cấp, và mọi chứng thư nó đã cấp.

    ISSUER is its certificate. The root's list goes into the directory: `directory build --crl ROOT-DIR/root-crl.pem`.
    """
    now, certificate = _now(), _first(issuer)
    withdrawn = withdrawal_of(certificate, load_root(root).certificate, reason=reason, since=since.at)
    since.check(began=[certificate.since], now=now)
    file = write_root_list(root, at=now, withdrawn=withdrawn, first=first)
    emit(f"đã thu hồi / revoked: {certificate.name} ({reason}, từ / since {text(withdrawn.at)})")
    emit(f"danh sách của gốc / the root's list: {file}")
    _say_safe(root)


@click.command("root-crl")
@_root
@_first_list
def root_crl(root: Path, first: bool) -> None:
    """Make the root's revocation list anew, before the old one ends. Làm mới danh sách thu hồi của gốc.

    It keeps every entry of ROOT-DIR/root-crl.pem, and is refused where that is missing: it lies in the folder of the
    last revoke-issuer.
    """
    emit(write_root_list(root, at=_now(), first=first))
    _say_safe(root)


def _first(file: Path) -> Certificate:
    return Certificate.from_pem(file.read_bytes())[0]


def _say_safe(root: Path) -> None:
    emit(f"Cất {root / 'root.key'} vào két. Put {root / 'root.key'} back into the safe.", err=True)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
