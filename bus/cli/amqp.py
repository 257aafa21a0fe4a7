"""What the commands over AMQP share: which broker, and who logs in."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click

from bus.rabbit.address import Tls, cluster
from bus.topology import OPERATOR


def with_nodes(run: Callable[..., None]) -> Callable[..., None]:
    """The options that say which broker; the command gets `nodes`. Who logs in is the operator."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)

    @click.option(
        "--amqp", "url", required=True, envvar="LIENTHONG_AMQP_URL", show_envvar=True, metavar="URL",
        help="amqp[s]://user:password@host/vhost, of a cluster several with spaces between; better in the environment, "
        "where no process list shows it.",
    )  # fmt: skip
    @click.option("--cafile", type=file, help="With amqps: authorities to trust, PEM.  [default: the system's]")
    @click.option("--certfile", type=file, help="With amqps: our certificate, PEM.")
    @click.option("--keyfile", type=file, help="With amqps: its key, PEM.")
    @wraps(run)
    def command(url: str, cafile: Path | None, certfile: Path | None, keyfile: Path | None, **rest: object) -> None:
        tls = Tls(cafile=cafile, certfile=certfile, keyfile=keyfile)
        run(nodes=cluster(url.split(), tls=tls, user=OPERATOR), **rest)

    return command
