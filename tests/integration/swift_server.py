"""An S3-compatible store for the tests: OpenStack Swift, all of its servers in one process, in a folder, on loopback.

    python -m tests.integration.swift_server FOLDER

Says its port when it is up. It is the software that data centres run (account, container, object and proxy server, its
S3 API checking signatures, quotas) in the least arrangement of it: one device, one copy, no replication, no memcached.
"""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402 — what follows is to find the patched modules
from array import array  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import eventlet.wsgi  # noqa: E402
from swift.common import utils  # noqa: E402

ACCOUNT, USER, SECRET = "bus", "bus:admin", "s3cret-of-the-tests"
_HASH = """\
[swift-hash]
swift_hash_path_prefix = tests
swift_hash_path_suffix = tests
[storage-policy:0]
name = one
default = yes
"""
_FILTERS = (
    "catch_errors", "gatekeeper", "listing_formats", "container_quotas", "s3api", "tempauth", "copy", "bulk", "slo",
)  # fmt: skip
_ORDER = "catch_errors gatekeeper listing_formats s3api tempauth copy container_quotas bulk slo proxy-server"
_OPTIONS = {"tempauth": f"user_{ACCOUNT}_admin = {SECRET} .admin", "s3api": "location = us-east-1"}


class _Cache:
    """In memcached's place."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def get(self, key: str, **_: object) -> Any:
        return self._held.get(key)

    def set(self, key: str, value: Any, **_: object) -> None:
        self._held[key] = value

    def delete(self, key: str, **_: object) -> None:
        self._held.pop(key, None)

    def incr(self, key: str, delta: int = 1, **_: object) -> int:
        self._held[key] = int(self._held.get(key, 0)) + delta
        return int(self._held[key])


class _NoLog:
    def write(self, *_: object) -> None:
        pass


def main(root: Path) -> None:
    conf = root / "conf"
    for folder in (conf, root / "devices" / "d1"):
        folder.mkdir(parents=True)
    (conf / "swift.conf").write_text(_HASH)
    utils.set_swift_dir(str(conf))

    # They read swift.conf as they are imported.
    from swift.account.server import AccountController
    from swift.common.ring import RingData
    from swift.common.storage_policy import reload_storage_policies
    from swift.common.wsgi import SwiftHttpProtocol, loadapp
    from swift.container.server import ContainerController
    from swift.obj.server import ObjectController

    servers = {"account": AccountController, "container": ContainerController, "object": ObjectController}
    listening = {name: eventlet.listen(("127.0.0.1", 0)) for name in servers}
    for name, listener in listening.items():
        host, port = listener.getsockname()
        place = {"ip": host, "port": port, "replication_ip": host, "replication_port": port}
        device = {"id": 0, "region": 1, "zone": 0, "device": "d1", "weight": 1.0, "meta": "", **place}
        RingData([array("H", [0, 0])], [device], 31).save(str(conf / f"{name}.ring.gz"))
    reload_storage_policies()
    how = {"devices": str(root / "devices"), "mount_check": "false", "swift_dir": str(conf), "fallocate_reserve": "0"}
    for name, server in servers.items():
        application = server({**how, "log_level": "ERROR"})
        eventlet.spawn(eventlet.wsgi.server, listening[name], application, _NoLog(), protocol=SwiftHttpProtocol)

    filters = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n{_OPTIONS.get(name, '')}\n" for name in _FILTERS)
    proxy = "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n"
    head = f"[DEFAULT]\nswift_dir = {conf}\nlog_level = ERROR\n[pipeline:main]\npipeline = {_ORDER}\n"
    (conf / "proxy-server.conf").write_text(head + proxy + filters)
    proxied, cache = loadapp(str(conf / "proxy-server.conf"), global_conf={"log_level": "ERROR"}), _Cache()

    def cached(environ: dict[str, Any], start_response: Any) -> Any:
        return proxied({**environ, "swift.cache": cache}, start_response)

    front = eventlet.listen(("127.0.0.1", 0))
    sys.stdout.write(f"{front.getsockname()[1]}\n")
    sys.stdout.flush()
    eventlet.wsgi.server(front, cached, _NoLog(), protocol=SwiftHttpProtocol)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
