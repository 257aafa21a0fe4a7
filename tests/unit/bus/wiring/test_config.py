from datetime import timedelta

import pytest

from bus.errors import BadConfig
from bus.wiring.config import parse
from schemas.codes import Priority

GOOD = """
mailbox = "H49"
keys = "/keys"
store = "sqlite:////tmp/H49.db"
[broker]
plain = true
url = "amqp://H49@localhost/"
[adapter]
use = "adapters.folder:FolderAdapter"
[adapter.options]
root = "/dms"
"""


def test_a_small_file_is_enough() -> None:
    """Everything but identity, store, broker and adapter has a default."""
    config = parse(GOOD.encode(), name="H49.toml")
    assert (config.mailbox, config.broker.heartbeat, config.adapter.options) == ("H49", 15, {"root": "/dms"})


@pytest.mark.parametrize(
    ("listen", "vi", "en"),
    [
        ("9301", "'9301': ghi MÁY:CỔNG, như 127.0.0.1:9301", "'9301': host:port, such as 127.0.0.1:9301"),
        ("::1:9301", "'::1:9301': ghi MÁY:CỔNG", "'::1:9301': host:port"),
        ("a b:1", "'a b:1': ghi MÁY:CỔNG", "'a b:1': host:port"),
        ("127.0.0.1:99999", "127.0.0.1:99999: số cổng lớn nhất là 65535", "127.0.0.1:99999: ports end at 65535"),
    ],
)
def test_a_wrong_address_is_said_in_both_languages(listen: str, vi: str, en: str) -> None:
    """With an example; a pattern is nobody's language."""
    with pytest.raises(BadConfig) as caught:
        parse(f'{GOOD}\n[http]\nlisten = "{listen}"'.encode(), name="H49.toml")
    assert f"http.listen: {vi}" in caught.value.in_vietnamese()
    assert f"http.listen: {en}" in caught.value.in_english()


@pytest.mark.parametrize(("listen", "address"), [("127.0.0.1:9301", ("127.0.0.1", 9301)), ("[::1]:80", ("::1", 80))])
def test_a_listening_address_is_host_and_port(listen: str, address: tuple[str, int]) -> None:
    """Either family."""
    config = parse(f'{GOOD}\n[http]\nlisten = "{listen}"'.encode(), name="H49.toml")
    assert config.http is not None
    assert config.http.address == address


@pytest.mark.parametrize(
    ("listen", "local"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:65535", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.1.2.3:1", False),
        ("lienthong.example.vn:1", False),
    ],
)
def test_a_listening_address_is_of_this_machine_or_for_others(listen: str, local: bool) -> None:
    """What is not known to be the loopback counts as reachable."""
    config = parse(f'{GOOD}\n[http]\nlisten = "{listen}"'.encode(), name="H49.toml")
    assert config.http is not None
    assert config.http.is_local is local


def test_a_port_has_five_digits_at_most_and_exists() -> None:
    """99999 is a sentence for the operator, and no traceback of the socket."""
    with pytest.raises(BadConfig, match="ports end at 65535"):
        parse(f'{GOOD}\n[http]\nlisten = "127.0.0.1:99999"'.encode(), name="H49.toml")


S3 = 'kind = "s3"\nbucket = "blobs"\n'


def test_large_attachments_wait_on_the_broker_unless_told_otherwise() -> None:
    """A store that is described may be read from only, or written to as well."""
    assert (parse(GOOD.encode(), name="H49.toml").blobs.kind, parse(GOOD.encode(), name="H49.toml").blobs.bucket) == (
        "stream",
        None,
    )
    told = parse(f'{GOOD}\n[blobs]\n{S3}endpoint = "https://s3.gov:9000"'.encode(), name="H49.toml").blobs
    assert (told.kind, told.bucket, told.endpoint, told.region) == ("s3", "blobs", "https://s3.gov:9000", "us-east-1")
    read_from = f'{GOOD}\n[blobs]\nbucket = "blobs"\nendpoint = "http://s3.gov"\nplain = true'
    assert parse(read_from.encode(), name="H49.toml").blobs.kind == "stream"


def test_content_may_be_as_large_as_a_message_carries() -> None:
    """16 MiB of the broker's less 3 for keys and signatures."""
    config = parse(f"max_content = {13 * 1024 * 1024}\n{GOOD}".encode(), name="H49.toml")
    assert config.max_content == 13 * 1024 * 1024


def test_urgencies_expire_as_they_are_told_to() -> None:
    """By their names; what is not named never does. Deadlines are warned of a day before, or as told."""
    config = parse(GOOD.encode(), name="H49.toml")
    assert config.expiry.by_priority() == {}
    assert config.deadline.warn == timedelta(days=1)
    told = '[expiry]\nurgent = "3d"\nimmediate = "2h"\nimmediate_timed = "30m"\n[deadline]\nwarn = "4320m"\n'
    config = parse(f"{GOOD}\n{told}".encode(), name="H49.toml")
    assert config.expiry.by_priority() == {
        Priority.URGENT: timedelta(days=3),
        Priority.IMMEDIATE: timedelta(hours=2),
        Priority.IMMEDIATE_TIMED: timedelta(minutes=30),
    }
    assert config.deadline.warn == timedelta(days=3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"mailbox = ", "no TOML"),
        (b"\xff", "not UTF-8"),
        (GOOD.replace("plain = true", "").encode(), "use amqps://"),
        (f'directory = "d"\n{GOOD}[trust]\nroot = "r"\ndirectory = "e"\n'.encode(), "leave `directory` out"),
        (GOOD.replace("mailbox", "mailbx").encode(), "mailbx"),
        (GOOD.replace("adapters.folder:FolderAdapter", "a folder").encode(), "adapter.use"),
        (GOOD.replace("[adapter]", 'cafile = "ca.pem"\n[adapter]').encode(), "begins with amqps://"),
        (GOOD.replace("amqp:", "amqps:").replace("[adapter]", 'keyfile = "k"\n[adapter]').encode(), "without certfile"),
        (GOOD.replace("[adapter]", "heartbeat = 1\n[adapter]").encode(), "broker.heartbeat"),
        (
            f"max_content = {13 * 1024 * 1024 + 1}\n{GOOD}".encode(),
            "at most 13631488 ",
        ),
        (f"max_content = 1023\n{GOOD}".encode(), "max_content"),
        (f'{GOOD}\n[expiry]\nimmediate = "2 hours"'.encode(), 'expiry.immediate.*"2h"'),
        (f"{GOOD}\n[expiry]\nimmediate = 7200".encode(), "expiry.immediate"),
        (f'{GOOD}\n[expiry]\nimmediate = "0h"'.encode(), "expiry.immediate"),
        (f'{GOOD}\n[expiry]\nsoon = "1h"'.encode(), "expiry.soon"),
        (f'{GOOD}\n[deadline]\nwarn = ""'.encode(), "deadline.warn"),
        (f'{GOOD}\n[blobs]\nkind = "s3"'.encode(), "bucket is missing"),
        (f'{GOOD}\n[blobs]\nendpoint = "https://s3.gov"'.encode(), "bucket is missing"),
        (f'{GOOD}\n[blobs]\n{S3}endpoint = "http://s3.gov"'.encode(), "not encrypted"),
        (f'{GOOD}\n[blobs]\n{S3}endpoint = "s3.gov"'.encode(), "blobs.endpoint"),
        (f'{GOOD}\n[blobs]\n{S3}endpoint = "https://a:b@s3.gov"'.encode(), "blobs.endpoint"),
        (f'{GOOD}\n[blobs]\nkind = "ftp"'.encode(), "blobs.kind"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, said: str) -> None:
    """The file and the field."""
    with pytest.raises(BadConfig, match=said) as caught:
        parse(data, name="H49.toml")
    assert caught.value.facts["file"] == "H49.toml"


NODES = 'url = ["amqps://bus1/gov", "amqps://bus2/gov"]'


def test_a_cluster_is_a_list_of_urls() -> None:
    """One URL is a cluster of one."""
    one = parse(GOOD.encode(), name="x").broker
    assert (one.urls, one.is_encrypted) == (("amqp://H49@localhost/",), False)
    text = GOOD.replace("plain = true", "").replace('url = "amqp://H49@localhost/"', NODES)
    several = parse(text.encode(), name="x").broker
    assert (several.urls, several.is_encrypted) == (("amqps://bus1/gov", "amqps://bus2/gov"), True)


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ("[]", "broker.url"),
        ('["amqps://bus1/gov", "amqp://bus2/gov"]', "use amqps://"),
        ("[1]", "broker.url"),
    ],
)
def test_every_url_of_a_list_counts(urls: str, said: str) -> None:
    """None at all, or one that is not encrypted, is refused."""
    text = GOOD.replace("plain = true", "").replace('url = "amqp://H49@localhost/"', f"url = {urls}")
    with pytest.raises(BadConfig, match=said):
        parse(text.encode(), name="x")


def test_tls_files_go_with_amqps() -> None:
    """An authority, and a certificate of the mailbox's own."""
    files = 'cafile = "ca.pem"\ncertfile = "own.pem"\nkeyfile = "own.key"\n'
    broker = parse(GOOD.replace("amqp:", "amqps:").replace("[adapter]", files + "[adapter]").encode(), name="x").broker
    assert (broker.cafile, broker.certfile, broker.keyfile) == ("ca.pem", "own.pem", "own.key")
