"""What is installed is known: deploy/sbom lists it, deploy/audit asks whether anything in it has a known vulnerability,
deploy/setup.sh takes uv by its hash."""

import json
import os
import re
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[3]
LOCK = {each["name"]: each for each in tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]}


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROJECT / "deploy" / command[0]), *command[1:]],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


class Osv(BaseHTTPRequestHandler):
    """A database that knows one vulnerability, of `server.vulnerable`, and answers with `server.code`."""

    server: Any

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        found = {"vulns": [{"id": "TEST-1", "modified": "2026-01-01T00:00:00Z"}]}
        hits = [each["package"]["name"] == self.server.vulnerable for each in asked]
        self._answer({"results": [found if hit else {} for hit in hits]})

    def do_GET(self) -> None:
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
        affected = [{"package": {"name": self.server.vulnerable, "ecosystem": "PyPI"}, "ranges": ranges}]
        self._answer({"id": "TEST-1", "modified": "2026-01-01T00:00:00Z", "summary": "made up", "affected": affected})

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(self.server.code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def osv() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Osv)
    server.vulnerable, server.code = "none", 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("vulnerable", "code", "exit_code", "said"),
    [
        ("pika", 200, 1, "TEST-1: made up"),
        ("obstore", 200, 1, "TEST-1: made up"),  # of an extra
        ("ruff", 200, 0, "no known vulnerabilities"),  # of the developers': no agency installs it
        ("pika", 503, 0, "NOT checked"),
    ],
)
def test_audit(osv: Any, vulnerable: str, code: int, exit_code: int, said: str) -> None:
    """A finding fails, by its id; nothing known passes; no answer is no verdict, and is said."""
    osv.vulnerable, osv.code = vulnerable, code
    url = f"http://127.0.0.1:{osv.server_port}"
    done = run("audit", "--service-url", url, UV_HTTP_RETRIES="0", UV_NO_CACHE="1")
    assert (done.returncode, said in done.stdout + done.stderr) == (exit_code, True), done.stdout + done.stderr


def test_audit_out_of_reach() -> None:
    """Nobody listens at that port."""
    done = run("audit", "--service-url", "http://127.0.0.1:9", UV_HTTP_RETRIES="0", UV_NO_CACHE="1")
    assert (done.returncode, "NOT checked" in done.stderr) == (0, True), done.stdout + done.stderr


def test_sbom(tmp_path: Path) -> None:
    """A CycloneDX document of every package that an agency may install, by version and hash, and of no other; what each
    needs is in it."""
    done = run("sbom", str(tmp_path / "sbom.json"))
    assert done.returncode == 0, done.stderr
    bom = json.loads((tmp_path / "sbom.json").read_bytes())
    assert (bom["bomFormat"], bom["specVersion"], bom["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "1.5",
        "lienthong",
    )
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bom["serialNumber"])
    parts = {each["name"]: each for each in bom["components"]}
    assert set(parts) == _installed() - {"lienthong"}
    for name, part in parts.items():
        assert part["purl"].startswith(f"pkg:pypi/{name}@{LOCK[name]['version']}")
        hashes = {each["content"] for file in part["externalReferences"] for each in file["hashes"]}
        locked = {file["hash"].removeprefix("sha256:") for file in _files(LOCK[name])}
        assert hashes
        assert hashes <= locked
    references = {each["bom-ref"] for each in (*bom["components"], bom["metadata"]["component"])}
    assert {each["ref"] for each in bom["dependencies"]} == references
    assert {needed for each in bom["dependencies"] for needed in each.get("dependsOn", ())} <= references


def _installed() -> set[str]:
    """By uv.lock: what lienthong needs with all its extras, and what that needs."""
    found, pending = set[str](), [("lienthong", tuple(LOCK["lienthong"].get("optional-dependencies", ())))]
    while pending:
        name, extras = pending.pop()
        package = LOCK[name]
        needed = [*package.get("dependencies", ())]
        needed += [each for extra in extras for each in package.get("optional-dependencies", {}).get(extra, ())]
        found.add(name)
        for each in needed:
            if each["name"] not in found or each.get("extra"):
                pending.append((each["name"], tuple(each.get("extra", ()))))
    return found


def test_uv_is_pinned() -> None:
    """One version, and nothing without a hash."""
    text = (PROJECT / "deploy" / "uv.txt").read_text(encoding="utf-8")
    (line,) = [line for line in text.replace("\\\n", " ").splitlines() if not line.startswith("#")]
    assert re.fullmatch(r"uv==\d+\.\d+\.\d+( +--hash=sha256:[0-9a-f]{64})+ *", line)


def test_packages_have_hashes() -> None:
    """Of each file in the lock; ours alone is built from this folder."""
    for name, package in LOCK.items():
        assert name == "lienthong" or _files(package), name
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", file["hash"]) for file in _files(package)), name


def _files(package: dict[str, Any]) -> list[dict[str, str]]:
    return [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
