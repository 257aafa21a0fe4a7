"""`lienthong topology settings`: the files of a RabbitMQ node that lets in certificates only."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bus.certificates import Certificate, RevocationList
from bus.files.edition import load_edition, load_roots
from bus.files.private import read_private, write_public
from bus.rabbit.settings import PLUGIN, TLS_PORT, advanced, crl_files, unreadable
from bus.rabbit.settings import settings as node_settings
from bus.register import ISSUER, REVOKED


@click.command()
@click.option("--edition", required=True, type=click.Path(exists=True, path_type=Path), help="The signed directory.")
@click.option("--root", required=True, type=click.Path(exists=True, path_type=Path), envvar="LIENTHONG_ROOT")
@click.option("--cert", required=True, type=click.Path(exists=True, path_type=Path), help="The broker's certificate.")
@click.option("--key", required=True, type=click.Path(exists=True, path_type=Path), help="Its private key.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@click.option("--at", "place", default="/etc/rabbitmq/lienthong", show_default=True, help="Where the node sees them.")
@click.option("--port", default=TLS_PORT, show_default=True)
def settings(edition: Path, root: Path, cert: Path, key: Path, out: Path, place: str, port: int) -> None:
    """The files of a node that lets in certificates only. Tệp cấu hình cho RabbitMQ.

    TLS 1.3, a certificate from everybody, none that was revoked, the user's name from the certificate.
    """
    roots = load_roots(root)
    found = load_edition(edition, roots=roots, now=datetime.now(UTC))
    assert found is not None, "click has looked whether the file is there"
    out.mkdir(parents=True, exist_ok=True)
    issuers = tuple(map(Certificate.from_der, found.register.ders(ISSUER)))
    write_public(out / "ca.pem", b"".join(each.to_pem() for each in (*roots, *issuers)))
    write_public(out / "cert.pem", cert.read_bytes())
    write_public(out / "key.pem", read_private(key), mode=0o600)
    (out / "crl").mkdir(exist_ok=True)
    for name, content in crl_files(map(RevocationList.from_der, found.register.ders(REVOKED))).items():
        write_public(out / "crl" / name, content)
    lines = "".join(f"{name} = {value}\n" for name, value in node_settings(listener=str(port)).items())
    write_public(out / "rabbitmq.conf", lines.encode())
    files = {name: f"{place}/{file}" for name, file in (("cafile", "ca.pem"), ("certfile", "cert.pem"))}
    text = advanced(**files, keyfile=f"{place}/key.pem", crl_folder=f"{place}/crl")
    write_public(out / "advanced.config", text.encode())
    click.echo(
        f"{out}: chép tới {place}, key.pem chỉ người dùng rabbitmq được đọc; rabbitmq.conf vào conf.d/,\n"
        "  advanced.config vào /etc/rabbitmq/.\n"
        f"{out}: copy it to {place}, key.pem for the user rabbitmq alone; rabbitmq.conf to conf.d/,\n"
        "  advanced.config to /etc/rabbitmq/.\n"
        f"rabbitmq-plugins enable {PLUGIN}"
    )
    for note in filter(None, (unreadable(each.parsed.subject) for each in issuers)):
        click.echo(f"Lưu ý: {note.vi}.\nNote: {note.en}.", err=True)
