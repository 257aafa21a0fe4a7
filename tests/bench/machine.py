"""The machine of a measurement, in words that others can compare with their own machine."""

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend

from bus.trust.keys import Algorithm
from deploy.local_broker import LocalBroker
from schemas.values import VIETNAM

_TICKS = os.sysconf("SC_CLK_TCK")
_LIBRARIES = ("cryptography", "faststream", "kombu", "pika", "pyas2lib", "pydantic", "sqlalchemy")


def describe(broker: LocalBroker, folder: Path) -> Mapping[str, str]:
    memory = _field(Path("/proc/meminfo"), "MemTotal")
    return {
        "date": datetime.now(VIETNAM).isoformat(timespec="seconds"),
        "cpu": f"{len(os.sched_getaffinity(0))} cores, {_field(Path('/proc/cpuinfo'), 'model name')}",
        "memory": f"{int(memory.split()[0]) / 2**20:.1f} GiB",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "disk": f"{_filesystem(folder)}; a 4 KiB write with fdatasync takes {_sync_us(folder):,.0f} µs",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "openssl": backend.openssl_version_text(),
        "sqlite": sqlite3.sqlite_version,
        "rabbitmq": f"{broker.version} ({broker.kind})",
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "seal": f"HPKE ML-KEM-768 + X25519, AES-256-GCM, signed with {Algorithm.P256}",
    }


def machine_cpu() -> tuple[float, float]:
    """Returns the seconds of CPU since the machine started: used by anybody (or taken by its host), and in all."""
    line = Path("/proc/stat").read_text(encoding="utf-8").partition("\n")[0]
    user, nice, system, idle, waiting, *rest = (int(ticks) / _TICKS for ticks in line.split()[1:9])
    busy = user + nice + system + sum(rest)
    return busy, busy + idle + waiting


def _field(file: Path, name: str) -> str:
    for line in file.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "?"


def _filesystem(folder: Path) -> str:
    """Returns the file system of the longest mount point above the folder."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    above = [(len(point), kind) for point, kind in mounts if folder.resolve().is_relative_to(point)]
    return max(above, default=(0, "?"))[1]


def _sync_us(folder: Path) -> float:
    """Returns the median of 50 in microseconds. On a file system in memory it is near zero, and no figure of durable
    work means anything."""
    file = folder / "sync"
    taken = []
    handle = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(50):
            started = time.perf_counter()
            os.write(handle, bytes(4096))
            os.fdatasync(handle)
            taken.append(time.perf_counter() - started)
    finally:
        os.close(handle)
        file.unlink()
    return statistics.median(taken) * 1e6
