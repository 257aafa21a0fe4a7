"""What the small authority makes, and what it asks of requests."""

import base64
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bus.errors import BadCertificate
from bus.trust.authority import Authority, anchor_of, issue, make_request, new_root, read_request, revocation_list
from bus.trust.certificates import Purpose, names_mailbox
from bus.trust.keys import Algorithm, KeyId, SealingKey, SigningKey, VerifyKey
from bus.trust.statements import SealingStatement
from tests.identities import BEGIN, papers


class Elsewhere:
    """A signer whose private key nobody can have, as in a token."""

    def __init__(self) -> None:
        self._key = SigningKey.generate()

    @property
    def public(self) -> VerifyKey:
        return self._key.public

    @property
    def id(self) -> KeyId:
        return self._key.id

    @property
    def algorithm(self) -> Algorithm:
        return self._key.algorithm

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


def stated(mailbox: str, signer: SigningKey | Elsewhere) -> SealingStatement:
    key = SealingKey.generate().public
    return SealingStatement.sign(key, mailbox=mailbox, since=BEGIN, until=BEGIN + timedelta(days=9), signer=signer)


@pytest.mark.parametrize(
    "signer",
    [SigningKey.generate(), SigningKey.generate(Algorithm.ED25519), Elsewhere()],
    ids=["p256", "ed25519", "token"],
)
@pytest.mark.parametrize("name", ["H", "H49", "H49." + "x" * 55])
def test_a_request_comes_back(signer: SigningKey, name: str) -> None:
    """The name, the key, and the sealing keys stated behind it; also where the key never leaves its token."""
    statement = stated(name, signer)
    found = read_request(make_request(signer, mailbox=name, statements=[statement]))
    assert (found.name, found.key, found.statements) == (name, signer.public, (statement,))


def bad_requests() -> dict[str, bytes]:
    signer = SigningKey.generate()
    good = make_request(signer, mailbox="H49")
    return {
        "nothing": b"",
        "broken": b"-----BEGIN CERTIFICATE REQUEST-----\nMIH\n-----END CERTIFICATE REQUEST-----\n",
        "another's sealing key": good + stated("H53", signer).to_pem(),
        "stated by another": good + stated("H49", SigningKey.generate()).to_pem(),
        "a broken statement": good
        + b"-----BEGIN LIENTHONG SEALING KEY-----\nAAAA\n-----END LIENTHONG SEALING KEY-----\n",
    }


@pytest.mark.parametrize("name", list(bad_requests()))
def test_a_bad_request_is_refused(name: str) -> None:
    """In words."""
    with pytest.raises(BadCertificate):
        read_request(bad_requests()[name])


def test_a_request_must_be_signed_by_its_key() -> None:
    """Somebody who asks for a certificate of a key that is not his."""
    good = x509.load_pem_x509_csr(make_request(SigningKey.generate(), mailbox="H49"))
    der = bytearray(good.public_bytes(Encoding.DER))
    der[-1] ^= 1
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.b64encode(der) + b"\n-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(BadCertificate, match="not signed by its own key"):
        read_request(pem)


def test_an_authority_comes_back_from_its_files() -> None:
    """Certificate and key must be of one another."""
    root = new_root("root", at=BEGIN)
    assert Authority.from_pem(root.certificate.to_pem(), root.key_pem()).certificate == root.certificate
    with pytest.raises(BadCertificate, match="not its own"):
        Authority.from_pem(root.certificate.to_pem(), new_root("other", at=BEGIN).key_pem())
    with pytest.raises(BadCertificate, match="cannot be read"):
        Authority.from_pem(root.certificate.to_pem(), b"x")


def test_a_broker_has_its_names() -> None:
    """Host names and addresses, of either family."""
    certificate = issue(
        papers().issuer,
        SigningKey.generate().public,
        name="bus",
        purpose=Purpose.BROKER,
        at=BEGIN,
        hosts=["bus.example.vn", "10.0.0.1", "::1"],
    )
    names = certificate.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["bus.example.vn"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1", "::1"]


def test_a_service_has_a_name_that_no_mailbox_has() -> None:
    """By which it logs in, and that is all."""
    certificate = issue(
        papers().issuer, SigningKey.generate().public, name="operator", purpose=Purpose.SERVICE, at=BEGIN
    )
    names = certificate.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:lienthong:service:operator"]
    assert not names_mailbox(certificate, "operator")


def test_an_anchor_is_the_issuer_signed_by_itself() -> None:
    """Its name, key and end; no root above it."""
    issuer, anchor = papers().issuer, anchor_of(papers().issuer)
    assert anchor.parsed.issuer == anchor.parsed.subject == issuer.certificate.parsed.subject
    assert (anchor.public_key, anchor.until) == (issuer.certificate.public_key, issuer.certificate.until)
    anchor.parsed.verify_directly_issued_by(anchor.parsed)
    papers().certificate("H49", SigningKey.generate()).parsed.verify_directly_issued_by(anchor.parsed)


def test_an_issuer_that_has_ended_issues_nothing() -> None:
    """It says so, and since when."""
    with pytest.raises(BadCertificate, match="issues nothing any more"):
        papers().certificate("H49", SigningKey.generate(), at=papers().issuer.certificate.until)


def test_openssl_reads_it_all(tmp_path: Path) -> None:
    """Request, chain with revocation and by RFC 5280's strict rules, and the lists of both authorities."""
    root, issuer, signer = papers().root, papers().issuer, SigningKey.generate()
    leaf = papers().certificate("H49", signer, at=BEGIN)
    lists = [
        revocation_list(each, [], at=BEGIN, until=BEGIN + timedelta(days=3000), number=1).to_pem()
        for each in (issuer, root)
    ]
    files = {
        "root.pem": root.certificate.to_pem(),
        "issuer.pem": issuer.certificate.to_pem(),
        "leaf.pem": leaf.to_pem(),
        "crl.pem": b"".join(lists),
        "h49.req": make_request(Elsewhere(), mailbox="H49", statements=[stated("H49", signer)]),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    at = int((BEGIN + timedelta(days=30)).timestamp())
    for command in (
        f"verify -x509_strict -attime {at} -crl_check_all -CRLfile crl.pem -CAfile root.pem"
        " -untrusted issuer.pem leaf.pem",
        "crl -in crl.pem -CAfile issuer.pem -noout",
        "req -in h49.req -verify -noout",
    ):
        subprocess.run(["openssl", *command.split()], check=True, capture_output=True, cwd=tmp_path)
