"""`lienthong topology settings`: the files of a RabbitMQ node that lets in certificates only."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from bus.cli.output import emit
from bus.directory.facts import ISSUER
from bus.errors import BadConfig, Words
from bus.files.edition import load_edition, load_roots
from bus.files.private import read_private, write_public
from bus.rabbit.admin.node_settings import (
    PLUGIN,
    TLS_PORT,
    advanced_config,
    closed_conf,
    crl_files,
    crl_problem,
    environment_conf,
    rabbitmq_conf,
)
from bus.topology.names import Login
from bus.trust.certificates import Certificate
from schemas.codes import Label


@click.command("settings")
@click.option("--edition", required=True, type=click.Path(exists=True, path_type=Path), help="The signed directory.")
@click.option("--root", required=True, type=click.Path(exists=True, path_type=Path), envvar="LIENTHONG_ROOT",
    show_envvar=True, help="PEM of the trusted roots.",
)  # fmt: skip
@click.option("--cert", required=True, type=click.Path(exists=True, path_type=Path), help="The broker's certificate.")
@click.option("--key", required=True, type=click.Path(exists=True, path_type=Path), help="Its private key.")
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Who may vouch for clients: the dedicated issuer's certificate, signed by itself; may be repeated.",
)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@click.option("--at", "place", default="/etc/rabbitmq/lienthong", show_default=True, help="Where the node sees them.")
@click.option("--port", default=TLS_PORT, show_default=True, help="Where it listens, over TLS.")
@click.option(
    "--management-tls", "https_port", type=int, metavar="PORT", help="Management over TLS, too; 15671 is usual."
)
@click.option(
    "--login",
    type=click.Choice([each.value for each in Login]),
    default=Login.URN.value,
    show_default=True,
    help="The user's name: the certificate's URN; or its common name, as nodes before 0.2 have it.",
)
def settings_(
    edition: Path,
    root: Path,
    cert: Path,
    key: Path,
    anchors: tuple[Path, ...],
    out: Path,
    place: str,
    port: int,
    https_port: int | None,
    login: str,
) -> None:
    """The files of a node that lets in certificates only. Tệp cấu hình cho RabbitMQ.

    TLS 1.3, a certificate from everybody, none that was revoked, the user's name from the certificate. Management and
    Erlang's own ports are open to the machine itself only. `topology check` asks the running node.
    """
    roots = load_roots(root)
    found = load_edition(edition, roots=roots, now=datetime.now(UTC))
    assert found is not None, "click has looked whether the file is there"
    out.mkdir(parents=True, exist_ok=True)
    issuers = tuple(map(Certificate.from_der, found.register.ders(ISSUER)))
    trusted = _anchors(anchors, issuers) or (*roots, *issuers)
    write_public(out / "ca.pem", b"".join(each.to_pem() for each in trusted))
    write_public(out / "cert.pem", cert.read_bytes())
    write_public(out / "key.pem", read_private(key), mode=0o600)
    (out / "crl").mkdir(exist_ok=True)
    for name, content in crl_files(found.trust_store.lists_by_issuer().values()).items():
        write_public(out / "crl" / name, content)
    conf = {**rabbitmq_conf(listener=str(port), login=Login(login)), **closed_conf(folder=place, https_port=https_port)}
    write_public(out / "rabbitmq.conf", "".join(f"{name} = {value}\n" for name, value in conf.items()).encode())
    write_public(out / "rabbitmq-env.conf", environment_conf().encode())
    files = {name: f"{place}/{file}" for name, file in (("cafile", "ca.pem"), ("certfile", "cert.pem"))}
    text = advanced_config(**files, keyfile=f"{place}/key.pem", crl_folder=f"{place}/crl")
    write_public(out / "advanced.config", text.encode())
    emit(
        f"{out}: chép tới {place}, key.pem chỉ người dùng rabbitmq được đọc; rabbitmq.conf vào conf.d/,",
        "  advanced.config vào /etc/rabbitmq/; rabbitmq-env.conf cũng vậy, trừ khi là một cụm.",
        f"{out}: copy it to {place}, key.pem for the user rabbitmq alone; rabbitmq.conf to conf.d/,",
        "  advanced.config to /etc/rabbitmq/; rabbitmq-env.conf, too, unless it is a cluster.",
        f"rabbitmq-plugins enable rabbitmq_management {PLUGIN}",
        "rabbitmqctl delete_user guest",
        f"lienthong topology apply --login {login}",
        "lienthong topology check",
    )
    for note in filter(None, (*(crl_problem(each.parsed.subject) for each in issuers), None if anchors else _SHARED)):
        emit(f"Lưu ý: {note.vi}.", f"Note: {note.en}.", err=True)


_SHARED = Label(
    "không có --anchor, RabbitMQ tin cả gốc: nếu gốc còn cấp cho việc khác, ai được cấp dưới một cơ quan cấp trùng tên "
    "cũng vào được. `lienthong ca init` tạo vouching.pem; cơ quan cấp quốc gia: xem centre.md",
    "without --anchor RabbitMQ trusts the root: where that vouches for others too, whoever has a certificate of an "
    "authority of the same name gets in. `lienthong ca init` makes vouching.pem; a national authority: see centre.md",
)


def _anchors(files: Sequence[Path], issuers: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """Raises BadConfig for one that is not an issuer of the directory, signed by its own key: Erlang trusts no other
    kind, and would let in nobody."""
    found = []
    for file in files:
        for each in Certificate.from_pem(file.read_bytes()):
            if each.parsed.issuer != each.parsed.subject:
                why = Words(
                    f"{each.name} do nơi khác ký; gốc phải tự ký",
                    f"{each.name} is signed by somebody else; an anchor is signed by itself",
                )
                raise BadConfig(file=file, why=why)
            if (each.parsed.subject, each.public_key) not in {(one.parsed.subject, one.public_key) for one in issuers}:
                why = Words(
                    f"{each.name} không phải nơi cấp trong bản danh mục này",
                    f"{each.name} is no issuer in this edition",
                )
                raise BadConfig(file=file, why=why)
            found.append(each)
    return tuple(found)
