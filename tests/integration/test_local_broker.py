"""The private broker of a developer: up with one command, gone without trace, even when its parent is killed."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pika
import pytest
from click.testing import CliRunner

from bus.cli.main import main
from bus.rabbit.admin.management import Management
from deploy import country as countries
from deploy.local_broker import Kind, binary_problem, docker_problem, local_broker
from deploy.probes import NoBroker

KINDS = (
    pytest.param("docker", docker_problem, id="docker"),
    pytest.param("binary", binary_problem, id="binary"),
)


def traces(folder: Path) -> list[str]:
    """Files in this folder, and processes whose environment names it."""
    processes = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            named = os.fsencode(folder) + b"/" in environ.read_bytes()
        except OSError:
            continue
        if named:
            processes.append(f"process {environ.parent.name}")
    return [*map(str, folder.iterdir()), *processes]


def containers(parent: int) -> str:
    names = ["docker", "ps", "--all", "--quiet", "--filter", f"name=lienthong-broker-{parent}-"]
    return subprocess.run(names, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda end: end.name)
@pytest.mark.parametrize(("kind", "problem"), KINDS)
def test_without_trace(kind: Kind, problem: object, end: signal.Signals, tmp_path: Path) -> None:
    """It answers AMQP at the address it prints; once its parent ends, however, nothing of it is left."""
    assert callable(problem)
    if why := problem():
        pytest.skip(f"this machine has no such broker: {why}")
    parent = subprocess.Popen(
        [sys.executable, "-m", "deploy.local_broker", "--kind", kind],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with parent:
        assert parent.stdout is not None
        first, second = parent.stdout.readline(), parent.stdout.readline()
        assert first.startswith("RabbitMQ ")
        pika.BlockingConnection(pika.URLParameters(second.split()[-1])).close()
        assert traces(tmp_path)
        parent.send_signal(end)
    deadline = time.monotonic() + 60
    while (left := traces(tmp_path)) or (kind == "docker" and (left := [containers(parent.pid)]) != [""]):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def greeting(port: int | None, context: ssl.SSLContext) -> bytes:
    """The first byte that the broker says."""
    with (
        socket.create_connection(("127.0.0.1", port or 0), timeout=30) as bare,
        context.wrap_socket(bare, server_hostname="localhost") as line,
    ):
        line.sendall(b"AMQP\x00\x00\x09\x01")
        return line.recv(1)


@pytest.mark.parametrize(("kind", "problem"), KINDS)
def test_a_pilot_has_its_own(kind: Kind, problem: object, tmp_path: Path) -> None:
    """With the folder that `topology settings` wrote it lets in certificates of that authority only, and says where;
    the address of its management interface is one that the operator's commands take."""
    assert callable(problem)
    if why := problem():
        pytest.skip(f"this machine has no such broker: {why}")
    country = countries.found(tmp_path, mailboxes=["G22"], as_of=date(2016, 7, 1))
    assert country.office is not None
    certificate, key = country.office.file("broker")
    arguments = ["--edition", country.edition_file, "--root", country.office.root_file, "--cert", certificate]
    arguments += ["--key", key, "--out", tmp_path / "node"]
    assert CliRunner().invoke(main, ["topology", "settings", *map(str, arguments)]).exit_code == 0
    command = [sys.executable, "-m", "deploy.local_broker", "--kind", kind, "--node", str(tmp_path / "node")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        _, address, management = (parent.stdout.readline().split()[-1] for _ in range(3))
        where = urlsplit(address)
        assert (where.scheme, where.hostname, where.path) == ("amqps", "127.0.0.1", "/%2F")
        try:
            with Management(management) as api:
                assert api.version() >= (3, 10)
            context = ssl.create_default_context(cafile=country.office.root_file)
            with pytest.raises((ssl.SSLError, ConnectionError)):  # its last word may be lost on the way
                greeting(where.port, context)
            context.load_cert_chain(*country.office.file("operator"))
            assert greeting(where.port, context) == b"\x01"
        finally:
            parent.terminate()


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    """Is said, with the command that makes the right one."""
    command = [sys.executable, "-m", "deploy.local_broker", "--node", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "topology settings" in done.stderr) == (1, True)


@pytest.mark.skipif(binary_problem() is not None, reason="no RabbitMQ is installed on this machine")
def test_wrong_setting() -> None:
    """A node that does not boot says why, in its own words."""
    with pytest.raises(NoBroker, match="nonsense"), local_broker("binary", settings={"nonsense": "1"}):
        pass
