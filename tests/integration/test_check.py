"""`lienthong topology check` on nodes that run: one as the generated files make it, one as a package leaves it."""

import json
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main
from bus.rabbit.admin.node_settings import closed_conf
from deploy import country as countries
from deploy.local_broker import Kind, LocalBroker, local_broker
from deploy.node import TlsFiles
from deploy.probes import free_ports
from tests.e2e.site import eventually


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    country = countries.found(tmp_path_factory.mktemp("check"), mailboxes=("G22",), as_of=date(2026, 11, 1))
    tls = countries.tls_of(country)
    assert tls is not None
    return tls


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, tls: TlsFiles) -> Iterator[LocalBroker]:
    settings = _over_tls(tmp_path_factory.mktemp("node"), tls)
    with local_broker(_kind(), tls=tls, plain=False, settings=settings) as broker:
        yield broker


def _over_tls(folder: Path, tls: TlsFiles) -> dict[str, str]:
    """Management over TLS, as `topology settings --management-tls` says it, where the node reads the files here."""
    if _kind() != "binary":
        return {}
    for name, path in (("ca.pem", tls.roots), ("cert.pem", tls.certfile), ("key.pem", tls.keyfile)):
        shutil.copy(path, folder / name)
    (port,) = free_ports(1)
    conf = closed_conf(folder=str(folder), https_port=port)
    return {name: value for name, value in conf.items() if name.startswith("management.ssl.")}


@pytest.fixture(scope="module")
def open_() -> Iterator[LocalBroker]:
    with local_broker(_kind()) as broker:
        yield broker


def _kind() -> Kind | None:
    forced = os.environ.get("LIENTHONG_TEST_BROKER")
    return next((kind for kind in get_args(Kind) if kind == forced), None)


def check(broker: LocalBroker, *arguments: str, url: str | None = None) -> Result:
    environment = {"LIENTHONG_MANAGEMENT_URL": url or countries.management_of(broker), "COLUMNS": "200"}
    return CliRunner().invoke(main, ["topology", "check", *arguments], env=environment)


def verdicts(result: Result) -> dict[str, str]:
    found: list[dict[str, Any]] = json.loads(result.stdout)["checks"]
    return {each["code"]: each["verdict"] for each in reversed(found)}  # what is wrong comes first, and stays


def wrong(result: Result) -> set[str]:
    """The codes of what is wrong, but for the ports that a container opens, since they are mapped from outside."""
    found = {code for code, verdict in verdicts(result).items() if verdict == "wrong"}
    assert (result.exit_code == 3) is bool(found)
    return found if _kind() == "binary" else found - {"clear-listener", "cluster-port", "tls-versions"}


def test_a_node_of_our_files_is_closed(closed: LocalBroker) -> None:
    """TLS 1.3 with a certificate from everybody, and no other door; what cannot be seen is said."""
    eventually(lambda: verdicts(check(closed, "--json"))["mechanisms"] != "unseen")
    result = check(closed, "--json")
    assert wrong(result) == set(), result.output
    found = verdicts(result)
    seen = {"guest", "mechanisms", "revocation"}
    if _kind() == "binary":  # the ports of a container's node are others from outside
        seen |= {"tls-versions", "client-certificate"}
        assert "TLSv1_3" in check(closed).stdout
    assert {code: found[code] for code in seen} == dict.fromkeys(seen, "ok")
    assert found["cookie"] == "unseen"


@pytest.mark.skipif(_kind() != "binary", reason="a container's node does not see the files of this machine")
def test_the_administrators_password_goes_over_tls(
    closed: LocalBroker, tls: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To whatever name the broker's certificate has, if our own authority vouches for it: SSL_CERT_FILE names it."""
    listeners = json.loads(_overview(closed))["listeners"]
    https = next(each for each in listeners if each["protocol"] == "https")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.roots))
    login = f"{quote(closed.user, safe='')}:{quote(closed.password, safe='')}"
    result = check(closed, "--json", url=f"https://{login}@localhost:{https['port']}")
    assert result.exit_code == 0, result.output


def _overview(broker: LocalBroker) -> str:
    answer = httpx.get(f"{broker.management_url}/api/overview", auth=(broker.user, broker.password), trust_env=False)
    return answer.raise_for_status().text


def test_what_was_opened_by_hand_is_found(closed: LocalBroker) -> None:
    """Not our file is looked at, but the node: a guest that somebody made again."""
    closed.ctl("add_user", "guest", "guest")
    closed.ctl("set_user_tags", "guest", "administrator")
    try:
        result = check(closed)
        assert result.exit_code == 3
        assert "guest/guest logs in" in result.stdout
        assert "rabbitmqctl delete_user guest" in result.stdout
    finally:
        closed.ctl("delete_user", "guest")
    assert wrong(check(closed, "--json")) == set()


def test_a_node_that_takes_passwords_is_open(open_: LocalBroker) -> None:
    """No TLS at all, and PLAIN."""
    eventually(lambda: verdicts(check(open_, "--json"))["mechanisms"] != "unseen")
    result = check(open_, "--json")
    assert result.exit_code == 3
    found = verdicts(result)
    assert found["no-tls"] == found["mechanisms"] == "wrong"


def test_the_password_of_the_administrator_stays_here(closed: LocalBroker, tmp_path: Path) -> None:
    """`check` too refuses to send it in clear to another machine."""
    password = quote(closed.password, safe="")
    result = check(closed, url=f"http://{quote(closed.user, safe='')}:{password}@bus.example.vn:15672")
    assert result.exit_code == 1
    assert "in clear" in result.stderr
    assert password not in result.output
