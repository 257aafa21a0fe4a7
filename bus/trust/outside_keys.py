"""Certificates, revocation lists and requests signed by a key that `cryptography` does not hold: one in a token.

Its builders sign with private keys of their own only. So a spare key of the same kind signs a draft, and what it signed
is given to the real signer.
"""

from typing import Protocol

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from bus.errors import BadCertificate, Words
from bus.trust.keys import Algorithm, Signer, SigningKey

SpareKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Encoded(Protocol):
    def public_bytes(self, encoding: serialization.Encoding) -> bytes: ...


class Builder(Protocol):
    """A builder of `cryptography.x509`."""

    def sign(self, private_key: SpareKey, algorithm: hashes.SHA256 | None) -> Encoded: ...


@asn1.sequence
class _Signed:
    """Certificate, CertificateList (RFC 5280, 4.1 and 5.1), CertificationRequest (RFC 2986, 4.2): all of one shape."""

    content: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString


def signed_outside(builder: Builder, signer: Signer) -> bytes:
    """DER of what the builder describes, signed by `signer`. Raises BadCertificate where its signature is none: a
    broken token is noticed before anything leaves."""
    draft, _ = _draft(builder, signer)
    return _signed(draft, asn1.encode_der(draft.content), signer)


def request_outside(builder: x509.CertificateSigningRequestBuilder, signer: Signer) -> bytes:
    """DER of a request for the signer's own key."""
    draft, spare = _draft(builder, signer)
    # The draft names the spare key. A public half is as long as any other of its kind, and occurs once.
    content = asn1.encode_der(draft.content).replace(spare.public.to_bytes(), signer.public.to_bytes())
    return _signed(draft, content, signer)


def _draft(builder: Builder, signer: Signer) -> tuple[_Signed, SigningKey]:
    spare = SigningKey.generate(signer.algorithm)
    key = serialization.load_pem_private_key(spare.to_pem(), password=None)
    assert isinstance(key, SpareKey)
    made = builder.sign(key, hashes.SHA256() if signer.algorithm is Algorithm.P256 else None)
    return asn1.decode_der(_Signed, made.public_bytes(serialization.Encoding.DER)), spare


def _signed(draft: _Signed, content: bytes, signer: Signer) -> bytes:
    signature = signer.sign(content)
    if not signer.public.verify(signature, content):
        raise BadCertificate(
            name="?",
            why=Words(
                f"chữ ký của khóa {signer.id} không đúng: thiết bị giữ khóa có hỏng không",
                f"what key {signer.id} signed is not its signature: is its token broken?",
            ),
        )
    if signer.algorithm is Algorithm.P256:
        half = len(signature) // 2
        signature = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    return asn1.encode_der(
        _Signed(
            content=asn1.decode_der(asn1.TLV, content),
            algorithm=draft.algorithm,
            signature=asn1.BitString(signature, 0),
        )
    )
