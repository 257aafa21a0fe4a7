"""The keys of a mailbox in the directory: checked against its own statements, parsed once, and cached with them."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from bus.directory.keys import MailboxKeys, check_all_keys, check_keys, in_force
from bus.errors import BadCertificate, BadDirectory
from bus.trust.authority import Withdrawal
from bus.trust.certificates import Certificate, Purpose
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from bus.trust.trust_store import TrustStore
from tests.identities import BEGIN, Papers, papers

OFFICE = papers()
LATER = BEGIN + timedelta(days=90)


def keys_of(code: str, *, office: Papers = OFFICE, stated_by: str | None = None) -> MailboxKeys:
    """As the directory has them; with a statement that speaks of another mailbox where `stated_by` names one."""
    signing, sealing = SigningKey.generate(), SealingKey.generate()
    stated = office.statement(stated_by or code, sealing, signing)
    return MailboxKeys(certificates=(office.certificate(code, signing).der,), sealing=(stated.encoded,))


def unstated(code: str) -> MailboxKeys:
    """Its certificate, and a sealing key that somebody else stated in its name."""
    other = SigningKey.generate()
    swapped = OFFICE.statement(code, SealingKey.generate(), other)
    return replace(keys_of(code), sealing=(swapped.encoded,))


@pytest.mark.parametrize(
    ("keys", "error", "why"),
    [
        pytest.param(keys_of("G22"), BadDirectory, "in the name of G22", id="another's certificate"),
        pytest.param(unstated("H49"), BadDirectory, "did not state", id="swapped"),
        pytest.param(keys_of("H49", stated_by="G22"), BadDirectory, "did not state", id="stated for another mailbox"),
        pytest.param(replace(keys_of("H49"), sealing=(b"x",)), BadDirectory, "statement", id="no statement"),
        pytest.param(replace(keys_of("H49"), certificates=(b"x",)), BadCertificate, "no certificate", id="none"),
    ],
)
def test_keys_that_are_not_the_mailbox_s_own(keys: MailboxKeys, error: type[Exception], why: str) -> None:
    """Somebody else would read its mail or sign in its name."""
    with pytest.raises(error, match=why):
        check_keys("H49", keys)
    with pytest.raises(error, match=why):
        keys.statements("H49")


def of_another_root(code: str) -> MailboxKeys:
    """A certificate and a statement in its name by somebody who has made a root of his own."""
    return keys_of(code, office=Papers())


def for_another_purpose(code: str) -> MailboxKeys:
    """By a certificate of the right issuer that was made for something else."""
    signing = SigningKey.generate()
    certificate = OFFICE.certificate(code, signing, purpose=Purpose.DIRECTORY)
    stated = OFFICE.statement(code, SealingKey.generate(), signing)
    return MailboxKeys(certificates=(certificate.der,), sealing=(stated.encoded,))


@pytest.mark.parametrize("foreign", [of_another_root, for_another_purpose])
def test_what_no_issuer_vouches_for_is_sealed_to_by_nobody(foreign: Callable[[str], MailboxKeys]) -> None:
    """The keeper of the directory can list any certificate and statement; only an issuer makes them count. One that
    withdraws the mailbox's own takes nothing away."""
    store, own, other = TrustStore(OFFICE.roots, (OFFICE.issuer.certificate,)), keys_of("H49"), foreign("H49")
    both = MailboxKeys(certificates=(*other.certificates, *own.certificates), sealing=(*other.sealing, *own.sealing))
    assert [each.encoded for each in in_force("H49", both, store)] == list(own.sealing)
    assert in_force("H49", other, store) == ()


@pytest.mark.parametrize(
    ("reason", "counts"),
    [(x509.ReasonFlags.key_compromise, False), (x509.ReasonFlags.superseded, True)],
)
def test_nobody_seals_to_what_a_stolen_key_stated(reason: x509.ReasonFlags, counts: bool) -> None:
    """Who has the signing key has likely the sealing key that lay beside it. A key that was only replaced stays."""
    keys = keys_of("H49")
    serial = Certificate.from_der(keys.certificates[0]).serial
    listed = OFFICE.revoked(Withdrawal(serial=serial, at=LATER, reason=reason))
    store = TrustStore(OFFICE.roots, (OFFICE.issuer.certificate,), (listed,))
    assert bool(in_force("H49", keys, store)) is counts


def test_statements_are_checked_once() -> None:
    """Newest first; a signature costs more to verify than to use."""
    keys = keys_of("H49")
    assert [each.mailbox for each in keys.statements("H49")] == ["H49"]
    assert keys.statements("H49") is keys.statements("H49")
    assert keys.certified is keys.certified


def test_equal_keys_are_equal_whatever_was_parsed() -> None:
    """What is cached is no part of the value, and a copy with other keys has a cache of its own."""
    keys = keys_of("H49")
    same = MailboxKeys(certificates=keys.certificates, sealing=keys.sealing)
    keys.statements("H49")
    assert keys.certified
    assert keys == same
    assert hash(keys) == hash(same)
    swapped = replace(keys, sealing=keys_of("H49").sealing)
    with pytest.raises(BadDirectory):
        swapped.statements("H49")


def test_bare_keys_of_an_unsigned_directory() -> None:
    """Parsed in their order; bytes that are no key are an error of the directory."""
    signing, sealing = SigningKey.generate(), SealingKey.generate()
    keys = MailboxKeys(signing=(signing.public.to_bytes(),), sealing=(sealing.public.to_bytes(),))
    assert [each.id for each in keys.bare_signing] == [signing.id]
    assert [each.id for each in keys.bare_sealing] == [sealing.id]
    broken = MailboxKeys(signing=(b"x",), sealing=(b"x",))
    for _ in range(2):
        with pytest.raises(BadDirectory):
            _ = broken.bare_signing
        with pytest.raises(BadDirectory):
            _ = broken.bare_sealing


def test_a_broken_older_bare_key_is_in_nobody_s_way() -> None:
    """Sealed is to the newest one."""
    newest = SealingKey.generate()
    keys = MailboxKeys(sealing=(newest.public.to_bytes(), b"x"))
    assert keys.newest_bare_sealing.id == newest.id


def test_a_certificate_that_cannot_sign_is_passed_over() -> None:
    """The others of the mailbox sign all the same."""
    keys = keys_of("H49")
    assert len(replace(keys, certificates=(b"x", *keys.certificates)).certified) == 1


def test_all_contradictions_are_said_at_once() -> None:
    """Each with its mailbox; a certificate that no trusted root leads to is one of them."""
    good, foreign = keys_of("G22"), keys_of("H53", office=Papers())
    trust_store = TrustStore(OFFICE.roots, [OFFICE.issuer.certificate])
    check_all_keys({"G22": good}, trust_store)
    with pytest.raises(BadDirectory) as raised:
        check_all_keys({"G22": good, "H49": unstated("H49"), "H53": foreign}, trust_store)
    said = str(raised.value)
    assert ("H49: a sealing key" in said, "H53: no chain" in said, "G22" in said) == (True, True, False)


def test_an_older_statement_first_is_said_when_the_directory_is_built() -> None:
    """Before anybody signs it: readers would refuse the edition."""
    signing = SigningKey.generate()
    older, newer = (
        SealingStatement.sign(
            SealingKey.generate().public, mailbox="H49", since=BEGIN, until=LATER, signer=signing, serial=serial
        )
        for serial in (1, 2)
    )
    keys = MailboxKeys(certificates=(OFFICE.certificate("H49", signing).der,), sealing=(older.encoded, newer.encoded))
    trust_store = TrustStore(OFFICE.roots, [OFFICE.issuer.certificate])
    check_all_keys({"H49": replace(keys, sealing=keys.sealing[::-1])}, trust_store)
    with pytest.raises(BadDirectory, match="H49: an older sealing key comes before"):
        check_all_keys({"H49": keys}, trust_store)


def test_superseded_keys_are_freed() -> None:
    """With what was parsed of them, and without the collector."""
    keys = keys_of("H49")
    parsed: list[weakref.ref[object]] = [weakref.ref(keys), weakref.ref(keys.certified[0][0])]
    keys.statements("H49")
    gc.disable()
    try:
        del keys
        assert [each() for each in parsed] == [None, None]
    finally:
        gc.enable()
