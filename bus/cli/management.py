"""What the commands over the broker's management API share: where it is, and which virtual host."""

import click

management_option = click.option(
    "--management",
    "url",
    required=True,
    envvar="LIENTHONG_MANAGEMENT_URL",
    show_envvar=True,
    metavar="URL",
    help="http[s]://user:password@host:15672 of RabbitMQ, of a cluster several with spaces between; better in the "
    "environment, where no process list shows it.",
)
vhost_option = click.option(
    "--vhost",
    default="lienthong",
    show_default=True,
    envvar="LIENTHONG_VHOST",
    show_envvar=True,
    help="Virtual host of the bus.",
)
