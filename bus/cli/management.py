"""The options of commands over the broker's management API: its URL, and the virtual host."""

import os

import click

from bus.rabbit.admin.management import PATIENCE, Management

management_option = click.option(
    "--management",
    "url",
    required=True,
    envvar="LIENTHONG_MANAGEMENT_URL",
    show_envvar=True,
    metavar="URL",
    help="https://user:password@host:15671 of RabbitMQ, of a cluster several with spaces between; better in the "
    "environment or the defaults file, where no process list shows it. http:// to this machine only.",
)
vhost_option = click.option(
    "--vhost",
    default="lienthong",
    show_default=True,
    envvar="LIENTHONG_VHOST",
    show_envvar=True,
    help="Virtual host of the bus.",
)


def is_trial() -> bool:
    """Whether passwords may go over any line in clear: LIENTHONG_PLAIN=true, for trials."""
    return os.environ.get("LIENTHONG_PLAIN") == "true"


def open_management(url: str, *, patience: float = PATIENCE) -> Management:
    """Raises BadConfig, also where the administrator's password would go in clear beyond this machine. `patience`:
    seconds in which something of each answer must come."""
    return Management(url, plain=is_trial(), patience=patience)
