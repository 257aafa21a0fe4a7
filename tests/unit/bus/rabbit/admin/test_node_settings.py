"""What a node is told about TLS. That it does it is tested on a real broker: tests/integration/test_tls.py."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from bus.rabbit.admin.node_settings import (
    advanced_config,
    closed_conf,
    crl_files,
    crl_problem,
    environment_conf,
    openssl_name_hash,
    rabbitmq_conf,
)
from bus.topology.names import Login
from bus.trust.certificates import RevocationList

UTF8, PRINTABLE, BMP, IA5 = (
    _ASN1Type.UTF8String,
    _ASN1Type.PrintableString,
    _ASN1Type.BMPString,
    _ASN1Type.IA5String,
)


def common(text: str, kind: _ASN1Type = UTF8) -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, text, kind)])


def organization(text: str) -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATION_NAME, text)])


COUNTRY = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")])
DOMAIN = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "Gov", IA5)])
JOINT = x509.RelativeDistinguishedName(
    [x509.NameAttribute(NameOID.COMMON_NAME, "Multi"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Org A")]
)
VIETNAMESE = x509.Name([COUNTRY, organization("Ban Cơ yếu Chính phủ"), common("CA phục vụ ĐẢNG, Nhà nước")])


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        (x509.Name([common("Cap chung thu")]), 0x5C1DEE2D),
        (VIETNAMESE, 0x61FED337),
        (x509.Name([common("  two   spaces  ")]), 0x70B669A3),
        (x509.Name([common("a\t b")]), 0x49CDC5E0),
        (x509.Name([common("a\u00a0\u00a0B ")]), 0x436E80BF),
        (x509.Name([common("Printable Ca", PRINTABLE)]), 0x3B78BA2E),
        (x509.Name([common("Đại", BMP)]), 0xBE36C028),
        (x509.Name([DOMAIN, common("X")]), 0x5B75CF6B),
        (x509.Name([JOINT]), 0x186DD06A),
        (x509.Name([organization("x" * 64), common("y" * 64)]), 0x6E3F9CDA),
    ],
    ids=["plain", "Vietnamese", "spaces", "tab", "hard spaces", "printable", "bmp", "ia5", "joint", "long"],
)
def test_a_name_is_hashed_as_openssl_does(name: x509.Name, hashed: int) -> None:
    """What `openssl crl -hash` (3.0) printed for lists of these issuers."""
    assert openssl_name_hash(name) == hashed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (x509.Name([COUNTRY, common("Co quan chung thuc so")]), None),
        (x509.Name([common("Printable Ca", PRINTABLE)]), None),
        (VIETNAMESE, "a new Erlang"),
        (x509.Name([JOINT]), "joint parts"),
        (x509.Name([common("CA", BMP)]), "BMPString"),
    ],
    ids=["plain", "printable", "marks", "joint", "bmp"],
)
def test_an_issuer_that_would_lock_everybody_out_is_named(name: x509.Name, words: str | None) -> None:
    """Erlang fails over such a name in each handshake: said before a node is set up, not after."""
    found = crl_problem(name)
    assert (found is None) == (words is None)
    if found is not None and words is not None:
        assert words in found.en
        assert "không ai vào được" in found.vi


def test_a_list_lies_where_the_node_looks() -> None:
    """One file an issuer, as PEM, named by the issuer's hash."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([common(text)]) for text in ("Cap chung thu", "Printable Ca")]
    lists = [
        RevocationList.from_der(
            x509.CertificateRevocationListBuilder()
            .issuer_name(name)
            .last_update(now)
            .next_update(now + timedelta(days=1))
            .add_extension(x509.CRLNumber(1), critical=False)
            .sign(key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )
        for name in names
    ]
    files = crl_files(lists)
    assert sorted(files) == ["3b78ba2e.r0", "5c1dee2d.r0"]
    assert all(content.startswith(b"-----BEGIN X509 CRL-----") for content in files.values())


def test_passwords_count_only_where_the_open_door_was_asked_for() -> None:
    """Without it there is no listener but that of TLS, and no way to log in but the certificate."""
    closed = rabbitmq_conf(listener="5671")
    assert closed["listeners.tcp"] == "none"
    assert {value for name, value in closed.items() if name.startswith("auth_")} == {"EXTERNAL"}
    assert closed["max_message_size"] == str(16 * 1024 * 1024)
    plain = rabbitmq_conf(listener="5671", plain="127.0.0.1:5672")
    assert plain["listeners.tcp.1"] == "127.0.0.1:5672"
    assert {value for name, value in plain.items() if name.startswith("auth_")} == {"EXTERNAL", "PLAIN", "AMQPLAIN"}


def test_the_users_name_is_in_the_certificate() -> None:
    """Its URN, which says what it is for; the common name only where an older bus has it so."""
    by_urn, by_name = (rabbitmq_conf(listener="5671", login=login) for login in Login)
    assert by_urn == rabbitmq_conf(listener="5671")
    assert {name: value for name, value in by_urn.items() if "login" in name} == {
        "ssl_cert_login_from": "subject_alternative_name",
        "ssl_cert_login_san_type": "uri",
        "ssl_cert_login_san_index": "0",
    }
    assert {name: value for name, value in by_name.items() if "login" in name} == {"ssl_cert_login_from": "common_name"}


def test_management_and_erlangs_ports_are_the_machines_own() -> None:
    """In clear to the machine itself only; to others over TLS, where it is asked for."""
    closed = closed_conf(folder="/etc/x")
    assert (closed["management.tcp.ip"], closed["loopback_users.guest"]) == ("127.0.0.1", "true")
    assert not [name for name in closed if ".ssl." in name]
    https = closed_conf(folder="/etc/x", https_port=15671)
    assert https["management.tcp.ip"] == "127.0.0.1"
    assert (https["management.ssl.port"], https["management.ssl.keyfile"]) == ("15671", "/etc/x/key.pem")
    assert "ERL_EPMD_ADDRESS=127.0.0.1" in environment_conf()
    assert "inet_dist_use_interface {127,0,0,1}" in environment_conf()


def test_the_node_is_told_all_of_tls_in_one_place() -> None:
    """Of two places Erlang takes one: what stands here is everything."""
    text = advanced_config(cafile="/c", certfile="/b", keyfile="/k", crl_folder="/l")
    assert text.startswith("[{rabbit, [{ssl_options, [")
    assert text.endswith("]}]}].\n")
    for option in (
        "{versions, ['tlsv1.3']}",
        "{verify, verify_peer}",
        "{fail_if_no_peer_cert, true}",
        "{crl_check, peer}",
        '{crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "/l"}]}}}',
        '{cacertfile, "/c"}',
    ):
        assert option in text
