"""The options of commands over AMQP: the broker, and the login."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click

from bus.cli.management import is_trial
from bus.rabbit.address import Address, Tls, cluster, refuse_clear
from bus.rabbit.broker_certificate import by_lists
from bus.topology.names import OPERATOR
from bus.trust.certificates import RevocationList


def with_nodes(run: Callable[..., None]) -> Callable[..., None]:
    """The options that say which broker; the command gets `nodes`. Who logs in is the operator."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)

    @click.option(
        "--amqp", "amqp_url", required=True, envvar="LIENTHONG_AMQP_URL", show_envvar=True, metavar="URL",
        help="amqp[s]://user:password@host/vhost, of a cluster several with spaces between; better in the environment "
        "or the defaults file, where no process list shows it.",
    )  # fmt: skip
    @click.option("--cafile", type=file, envvar="LIENTHONG_CAFILE", show_envvar=True,
        help="With amqps: authorities to trust, PEM.  [default: the system's]",
    )  # fmt: skip
    @click.option("--certfile", type=file, envvar="LIENTHONG_CERTFILE", show_envvar=True,
        help="With amqps: our certificate, PEM.",
    )  # fmt: skip
    @click.option("--keyfile", type=file, envvar="LIENTHONG_KEYFILE", show_envvar=True,
        help="With amqps: its key, PEM.",
    )  # fmt: skip
    @click.option("--crl", "crls", multiple=True, type=file, envvar="LIENTHONG_CRL", show_envvar=True,
        help="With amqps: a revocation list, PEM, that must not name the broker; may be repeated.",
    )  # fmt: skip
    @wraps(run)
    def command(
        amqp_url: str,
        cafile: Path | None,
        certfile: Path | None,
        keyfile: Path | None,
        crls: tuple[Path, ...],
        **rest: object,
    ) -> None:
        lists = [RevocationList.from_pem(each.read_bytes()) for each in crls]
        revocations = by_lists(lists) if lists else None
        tls = Tls(cafile=cafile, certfile=certfile, keyfile=keyfile, revocations=revocations)
        run(nodes=nodes_of(amqp_url, tls=tls, user=OPERATOR), **rest)

    return command


def nodes_of(url: str, *, tls: Tls | None, user: str) -> tuple[Address, ...]:
    """Raises BadConfig, also where a password would go in clear beyond this machine."""
    nodes = cluster(url.split(), tls=tls, user=user)
    if not is_trial():
        refuse_clear(nodes)
    return nodes
