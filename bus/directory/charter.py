"""A charter: the root's word for who signs the directory, how many must, and which signers are withdrawn.

It is optional: without one, whoever has a certificate for the purpose signs alone. It comes with an edition, is
remembered with it, and is the way back where a signer was stolen or the numbers were driven up. schemas/README.md §9.8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from bus.directory.algorithms import Allowed
from bus.directory.header import MAX_NUMBER, Rule
from bus.errors import BadCertificate, BadEdition, Words, said
from bus.trust.certificates import Certificate, Purpose, RevocationList
from bus.trust.keys import Signer
from bus.trust.trust_store import TrustStore
from schemas.clock import local
from schemas.framing import frame, unframe
from schemas.values import Digest, Time, Value

SIGNED: Final = b"lienthong/1 charter\n"
MAX_SIGNERS: Final = 32


class Terms(Value):
    """The signed text of a charter. Keys are named by SHA-256 of their SubjectPublicKeyInfo, as `signer_id`."""

    format: Literal[1] = 1
    serial: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """Goes up with each charter."""
    issued_at: Time
    threshold: Annotated[int, Field(ge=1, le=MAX_SIGNERS)] = 1
    """How many of `signers` must sign an edition."""
    signers: Annotated[tuple[Digest, ...], Field(min_length=1, max_length=MAX_SIGNERS)]
    withdrawn: Annotated[tuple[Digest, ...], Field(max_length=MAX_SIGNERS)] = ()
    """Of what these signed, nothing above edition `last` counts: who holds such an edition takes the next one after
    `last`."""
    last: Annotated[int, Field(ge=0, le=MAX_NUMBER)] | None = None
    allows: Allowed | None = None
    """The algorithms that messages may use; None: all that readers know."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.threshold > len(set(self.signers)):
            raise ValueError("more must sign than may")
        if set(self.signers) & set(self.withdrawn):
            raise ValueError("a signer is withdrawn")
        if (self.last is None) != (not self.withdrawn):
            raise ValueError("withdrawn and last go together")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Charter:
    """A charter that was judged."""

    terms: Terms
    encoded: bytes = field(repr=False)

    def voids(self, signer: Certificate, version: int) -> bool:
        """Whether an edition of that number, signed by that certificate first, does not count any more."""
        return signer_id(signer) in self.terms.withdrawn and version > (self.terms.last or 0)


def signer_id(certificate: Certificate) -> Digest:
    """A signer of the directory as charters name it: by its key, so that a renewed certificate is the same signer."""
    return certificate.key_fingerprint


def sign_charter(terms: Terms, *, signer: Signer, chain: Sequence[Certificate]) -> bytes:
    """`chain` begins with the certificate for this purpose; a root need not be in it."""
    body = terms.to_json()
    return frame((body, signer.sign(SIGNED + body), frame(each.der for each in chain)))


def read_charter(
    encoded: bytes,
    *,
    roots: Sequence[Certificate],
    revoked: Iterable[RevocationList] = (),
    now: datetime,
    skew: timedelta,
) -> Charter:
    """Raises BadEdition: broken, from the future, or not the root's."""
    try:
        body, signature, chain = map(bytes, unframe(memoryview(encoded), at_most=3))
        terms = Terms.from_json(body)
        certificate = Certificate.from_der(bytes(unframe(chain, at_most=2)[0]))
    except (ValueError, ValidationError, IndexError, BadCertificate) as exc:
        raise BadEdition(why=Words("điều lệ của nó bị hỏng", "its charter is broken"), rule=Rule.CHARTER) from exc
    try:
        # No issuers: the root itself issued it, so who holds an issuer makes no charters. schemas §9.8.1
        validity = TrustStore(roots, (), revoked).validity(certificate, Purpose.CHARTER)
        key = certificate.verify_key()
    except BadCertificate as error:
        raise BadEdition(
            why=said(
                "điều lệ của nó không phải của gốc: {why}",
                "its charter is not the root's: {why}",
                why=error.facts["why"],
            ),
            rule=Rule.CHARTER,
        ) from error
    if not key.verify(signature, SIGNED + body):
        raise BadEdition(
            why=Words(
                "chữ ký của điều lệ không phải của người ký nó",
                "the signature of its charter is not that of its signer",
            ),
            rule=Rule.CHARTER,
        )
    objection = validity.objection(terms.issued_at, skew=skew)
    if terms.issued_at > now + skew:
        facts = {"at": local(terms.issued_at)}
        objection = said("nó đề {at}, là lúc chưa tới", "it says {at}, which is yet to come", **facts)
    if objection is not None:
        raise BadEdition(
            why=said("điều lệ của nó không có giá trị: {why}", "its charter does not count: {why}", why=objection),
            rule=Rule.CHARTER,
        )
    return Charter(terms, encoded)


def charter_after(held: Charter | None, offered: Charter | None) -> Charter | None:
    """The charter in force once an edition with the offered one is taken. Raises BadEdition for an older one, and for
    another under the same number. schemas §9.8.3; TUF 5.3.5"""
    if held is None or offered is None:
        return offered or held
    if offered.terms.serial < held.terms.serial:
        why = Words(
            f"điều lệ số {offered.terms.serial} cũ hơn điều lệ số {held.terms.serial} đang giữ",
            f"its charter {offered.terms.serial} is older than {held.terms.serial}, which is held",
        )
        raise BadEdition(why=why, rule=Rule.CHARTER)
    if offered.terms.serial > held.terms.serial:
        return offered
    if offered.terms != held.terms:
        raise BadEdition(
            why=Words(
                f"có hai điều lệ khác nhau cùng số {held.terms.serial}",
                f"two different charters have the number {held.terms.serial}",
            ),
            rule=Rule.CHARTER,
        )
    return held
