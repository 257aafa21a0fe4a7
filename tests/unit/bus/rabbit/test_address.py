"""bus/rabbit/address.py: reading a broker's URL, and showing its password to nobody."""

from pathlib import Path

import pytest
from pika.credentials import ExternalCredentials, PlainCredentials

from bus.errors import BadConfig
from bus.rabbit.address import Address, NodeRotation, Tls, cluster, is_loopback, refuse_clear
from bus.trust.keys import SigningKey
from tests.identities import papers

CERTIFIED = Tls(cafile=Path("ca.pem"), certfile=Path("own.pem"), keyfile=Path("own.key"))


@pytest.mark.parametrize(
    ("url", "host", "port", "vhost", "user", "password"),
    [
        ("amqp://u:p@broker", "broker", 5672, "/", "u", "p"),
        ("amqp://u:p@broker/", "broker", 5672, "/", "u", "p"),
        ("amqp://u:p@broker/%2F", "broker", 5672, "/", "u", "p"),
        ("amqp://u:p@broker/gov", "broker", 5672, "gov", "u", "p"),
        ("amqp://u:p@broker:1234/a%2Fb", "broker", 1234, "a/b", "u", "p"),
        ("amqp://H49:p%40ss%2F%3A@[::1]:5673/gov", "::1", 5673, "gov", "H49", "p@ss/:"),
        ("amqps://u:p@broker", "broker", 5671, "/", "u", "p"),
    ],
)
def test_url(url: str, host: str, port: int, vhost: str, user: str, password: str) -> None:
    """Parts are percent-decoded; an empty vhost is /."""
    address = Address.from_url(url)
    assert (address.host, address.port, address.vhost, address.user, address.password) == (
        host,
        port,
        vhost,
        user,
        password,
    )
    assert (address.tls is not None) == url.startswith("amqps")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://u:secret@broker", "amqp://"),
        ("amqp://u:secret@", "amqp\\[s\\]://user"),
        ("amqp://:secret@broker", "names no user"),
        ("amqp://broker", "names no user"),
        ("amqp://u@broker", "no password"),
        ("amqps://u@broker", "no password"),
        ("amqp://u:secret@broker/gov?heartbeat=3", "amqp\\[s\\]://user"),
        ("amqp://u:secret@broker:port", "no URL"),
        ("amqp://u:secret@[broker", "no URL"),
    ],
)
def test_bad_url(url: str, why: str) -> None:
    """A URL of no use is refused in words that do not repeat the password, nor hold it in a cause."""
    with pytest.raises(BadConfig, match=why) as caught:
        Address.from_url(url)
    assert "secret" not in f"{caught.value}{caught.value.in_vietnamese()}{caught.value.__cause__}"


def test_password_apart() -> None:
    """A password given apart is used where the URL has none, and only there."""
    assert Address.from_url("amqp://u@broker", password="file").password == "file"
    assert Address.from_url("amqp://u:url@broker", password="file").password == "url"


def test_certificate_speaks() -> None:
    """With a client certificate and no password the mechanism is EXTERNAL; never on an open connection."""
    address = Address.from_url("amqps://H49@broker", tls=CERTIFIED)
    assert address.password is None
    with pytest.raises(BadConfig, match="no password"):
        Address.from_url("amqp://H49@broker", tls=CERTIFIED)


def test_not_shown() -> None:
    """Neither repr nor str show a password; str names broker and vhost."""
    address = Address.from_url("amqp://u:secret@broker/gov")
    assert str(address) == "amqp://broker:5672/gov"
    assert "secret" not in repr(address)


def test_parameters() -> None:
    """pika is told all it needs for one attempt."""
    told = Address.from_url("amqp://u:p@broker:1234/gov").parameters(name="lienthong H49", heartbeat=7, timeout=3.0)
    assert (told.host, told.port, told.virtual_host, told.heartbeat) == ("broker", 1234, "gov", 7)
    assert told.credentials == PlainCredentials("u", "p")
    assert told.client_properties is not None
    assert told.client_properties["connection_name"] == "lienthong H49"
    assert told.ssl_options is None
    assert told.connection_attempts == 1


def test_tls_parameters() -> None:
    """On amqps the broker's certificate is checked against its name, by TLS 1.2 at least."""
    told = Address.from_url("amqps://u:p@broker").parameters(name="x", heartbeat=7, timeout=3.0)
    assert told.ssl_options is not None
    assert told.ssl_options.server_hostname == "broker"
    assert told.ssl_options.context.check_hostname
    assert told.ssl_options.context.minimum_version.name == "TLSv1_3"


def test_missing_certificate(tmp_path: Path) -> None:
    """A certificate that is not there is a wrong configuration, and the file is named."""
    tls = Tls(cafile=tmp_path / "ca.pem")
    with pytest.raises(BadConfig, match=r"ca\.pem"):
        Address.from_url("amqps://u:p@broker", tls=tls).parameters(name="x", heartbeat=7, timeout=3.0)


def test_the_file_at_fault_is_named(tmp_path: Path) -> None:
    """A root that is missing is not said of our own certificate, nor a key of the certificate beside it."""
    authority, signer = papers(), SigningKey.generate()
    ca, own, key = (tmp_path / name for name in ("root.pem", "signing-1.crt", "signing-1.pem"))
    own.write_bytes(authority.certificate("H49", signer).to_pem())
    tls = Tls(cafile=ca, certfile=own, keyfile=key)
    root = b"\xef\xbb\xbf" + authority.root.certificate.to_pem()  # as Notepad saves it
    for file, content, why in (
        (ca, b"none", "root.pem cannot be used: No such file"),
        (ca, root, "root.pem cannot be used: nothing in it is PEM"),
        (key, b"none", "signing-1.pem cannot be used: No such file"),
        (key, SigningKey.generate().to_pem(), "signing-1.pem cannot be used: nothing in it is PEM"),
        (key, signer.to_pem(), "signing-1.crt \\+ .*/signing-1.pem cannot be used: .*KEY_VALUES_MISMATCH"),
    ):
        with pytest.raises(BadConfig, match=why):
            tls.context()
        file.write_bytes(content)
    assert tls.context().check_hostname


def test_external() -> None:
    """Without a password pika is told to use EXTERNAL."""
    address = Address(host="broker", port=5671, vhost="/", user="H49", password=None)
    assert isinstance(address.parameters(name="x", heartbeat=7, timeout=3.0).credentials, ExternalCredentials)


@pytest.mark.parametrize(
    ("urls", "why"),
    [
        ([], "there is none"),
        (["amqp://u:secret@a/gov", "amqp://u:secret@b/other"], "one virtual host"),
        (["amqp://u:secret@a/gov", "amqp://v:secret@b/gov"], "one user"),
        (["amqp://u:secret@a/gov", "amqps://u:secret@b/gov"], "in all of them or in none"),
        (["amqp://u:secret@a/gov", "amqp://u:secret@a:5672/gov"], "names one node twice"),
        (["amqp://u:secret@a/gov", "http://u:secret@b/gov"], "begin with amqp"),
    ],
)
def test_nodes_are_of_one_cluster(urls: list[str], why: str) -> None:
    """One virtual host, one user, encrypted or not; and each node once. No password is shown."""
    with pytest.raises(BadConfig, match=why) as caught:
        cluster(urls)
    assert "secret" not in str(caught.value)


def test_each_node_is_checked_by_its_own_name() -> None:
    """A certificate of another node of the cluster proves nothing."""
    nodes = cluster(["amqps://u:p@bus1/gov", "amqps://u:p@bus2:5673/gov"])
    options = [node.parameters(name="x", heartbeat=7, timeout=3.0).ssl_options for node in nodes]
    assert [option.server_hostname for option in options if option] == ["bus1", "bus2"]
    assert all(option.context.check_hostname for option in options if option)
    assert [str(node) for node in nodes] == ["amqps://bus1:5671/gov", "amqps://bus2:5673/gov"]


def test_turns_go_round() -> None:
    """Each connection has an order of its own, and keeps it: who loses a node does not follow all the others."""
    nodes = cluster([f"amqp://u:p@{host}/" for host in "abc"])
    dice = iter((0.9, 0.5, 0.1, 0.2, 0.3, 0.4)).__next__
    one, other = NodeRotation(nodes, dice=dice), NodeRotation(nodes, dice=dice)
    assert [one.next().host for _ in range(5)] == ["c", "b", "a", "c", "b"]
    assert [other.next().host for _ in range(3)] == ["a", "b", "c"]
    assert len(one) == 3


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.5.4.3", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("::", False),
        ("0.0.0.0", False),
        ("localhost.example.vn", False),
        ("127.0.0.1.example.vn", False),
    ],
)
def test_what_is_this_machine(host: str, here: bool) -> None:
    """By its address, or by the one name that is always here; no name is looked up."""
    assert is_loopback(host) is here


def test_a_password_goes_in_clear_to_this_machine_only() -> None:
    """One node of a cluster beyond it is enough to refuse all."""
    here, there = "amqp://u:secret@localhost/gov", "amqp://u:secret@bus.example.vn/gov"
    refuse_clear(cluster([here]))
    refuse_clear(cluster([there.replace("amqp:", "amqps:")]))
    with pytest.raises(BadConfig, match="amqps://") as caught:
        refuse_clear(cluster([here, there]))
    assert "secret" not in str(caught.value)
