"""The private broker of a developer: up with one command, gone without trace, even when its parent is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pika
import pytest

from deploy.local_broker import Kind, NoBroker, binary_problem, docker_problem, local_broker

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
    deadline = time.monotonic() + 20
    while (left := traces(tmp_path)) or (kind == "docker" and (left := [containers(parent.pid)]) != [""]):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.mark.skipif(binary_problem() is not None, reason="no RabbitMQ is installed on this machine")
def test_wrong_setting() -> None:
    """A node that does not boot says why, in its own words."""
    with pytest.raises(NoBroker, match="nonsense"), local_broker("binary", settings={"nonsense": "1"}):
        pass
