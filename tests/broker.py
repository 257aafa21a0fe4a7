"""The choice of the tests' RabbitMQ. Only tests that ask for one load this file.

LIENTHONG_TEST_AMQP_URL with LIENTHONG_TEST_MANAGEMENT_URL: that broker, as its administrator. Else RabbitMQ 4.3 in
Docker; else the server installed here. LIENTHONG_TEST_BROKER=docker|binary forces one. Without any, they fail.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import unquote, urlsplit

from deploy.local_broker import BOOT_SECONDS, Kind, docker_problem, local_broker
from deploy.node import AMQP, IMAGE, MANAGEMENT
from deploy.probes import NoBroker, speaks_amqp, version_of
from tests.integration.broker_world import World

WAYS = f"""\
The integration and end-to-end tests need a RabbitMQ (3.10 or later). One of
  - Docker with the image {IMAGE},
  - an installed server: apt-get install rabbitmq-server, brew install rabbitmq,
  - a running one: LIENTHONG_TEST_AMQP_URL=amqp://administrator:password@host:5672/
                   LIENTHONG_TEST_MANAGEMENT_URL=http://host:15672"""


@contextmanager
def some_broker() -> Iterator[World]:
    """Yields the broker. Raises NoBroker."""
    url = os.environ.get("LIENTHONG_TEST_AMQP_URL")
    match os.environ.get("LIENTHONG_TEST_BROKER"):
        case None if url:
            yield _given(url)
        case None | "docker" | "binary" as forced:
            with ExitStack() as stack:
                yield _started(stack, forced)
        case other:
            raise NoBroker(f"LIENTHONG_TEST_BROKER={other}: it is docker or binary")


def _started(stack: ExitStack, forced: Kind | None) -> World:
    """Starts a broker of our own. testcontainers needs a second image for its clean-up; without that image, our own way
    of starting is used."""
    if forced != "binary" and docker_problem() is None:
        try:
            return stack.enter_context(_container())
        except NoBroker:
            return stack.enter_context(_own("docker"))
    return stack.enter_context(_own(forced or "binary"))


def _given(url: str) -> World:
    management_url = os.environ.get("LIENTHONG_TEST_MANAGEMENT_URL", "http://127.0.0.1:15672").rstrip("/")
    parts = urlsplit(url)
    user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
    version = version_of(management_url, user, password)
    if version is None:
        raise NoBroker(f"{management_url} does not answer as a management interface to user {user}.")
    return World(amqp_url=url, management_url=management_url, kind="given", version=version)


@contextmanager
def _own(kind: Kind) -> Iterator[World]:
    with local_broker(kind) as broker:
        yield World(
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            kind=broker.kind,
            version=broker.version,
            boot_seconds=broker.boot_seconds,
            ctl=broker.ctl,
        )


@contextmanager
def _container() -> Iterator[World]:
    from testcontainers.core.container import DockerContainer

    user, password = "lienthong", secrets.token_urlsafe(12)
    container = DockerContainer(IMAGE).with_exposed_ports(AMQP, MANAGEMENT)
    container.with_env("RABBITMQ_DEFAULT_USER", user).with_env("RABBITMQ_DEFAULT_PASS", password)
    started = time.monotonic()
    with ExitStack() as stack:
        try:
            stack.enter_context(container)
        except Exception as error:  # the docker library's own, of many kinds
            raise NoBroker(f"Docker could not start {IMAGE}: {error}") from error
        host, port = container.get_container_host_ip(), int(container.get_exposed_port(AMQP))
        management_url = f"http://{host}:{container.get_exposed_port(MANAGEMENT)}"
        while not ((version := version_of(management_url, user, password)) and speaks_amqp(host, port)):
            if time.monotonic() - started > BOOT_SECONDS:
                raise NoBroker(f"{IMAGE} did not answer in {BOOT_SECONDS:.0f} s")
            time.sleep(0.2)

        def ctl(*arguments: str) -> str:
            done = container.exec(["rabbitmqctl", "--quiet", *arguments])
            assert done.exit_code == 0, done.output
            return str(done.output, "utf-8")

        yield World(
            amqp_url=f"amqp://{user}:{password}@{host}:{port}/%2F",
            management_url=management_url,
            kind="docker, testcontainers",
            version=version,
            boot_seconds=round(time.monotonic() - started, 1),
            ctl=ctl,
        )
