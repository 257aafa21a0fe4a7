"""The S3-compatible store of the tests, as they see it: started, with buckets that come and go."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

USER, SECRET = "bus:admin", "s3cret-of-the-tests"
"""As in swift_server.py, which only its own process may import."""


@dataclass(frozen=True, slots=True)
class ObjectStore:
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make_bucket(self, name: str, *, quota: int | None = None) -> None:
        """`quota` in bytes."""
        headers = {} if quota is None else {"X-Container-Meta-Quota-Bytes": str(quota)}
        self._ask("PUT", name, headers=headers)

    def put(self, path: str, content: bytes) -> None:
        """Past the bus: bucket, and the object's name."""
        self._ask("PUT", path, content=content)

    def names(self, bucket: str) -> list[str]:
        return self._ask("GET", bucket).text.splitlines()

    def _ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> httpx.Response:
        """By Swift's own API, as its keeper."""
        with httpx.Client(base_url=self.endpoint, trust_env=False) as http:
            login = http.get("/auth/v1.0", headers={"X-Auth-User": USER, "X-Auth-Key": SECRET}).raise_for_status()
            headers = {"X-Auth-Token": login.headers["X-Auth-Token"], **(headers or {})}
            url = f"{login.headers['X-Storage-Url']}/{path}"
            return http.request(method, url, headers=headers, content=content).raise_for_status()


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.swift_server", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            assert said, f"it ended: {server.wait()}"
            yield ObjectStore(int(said))
        finally:
            server.kill()
