"""Keys that may not be used while their office writes: nobody is to wait for cryptography before he may write."""

from dataclasses import dataclass, field
from typing import Any

from bus.trust.keys import Identity, SealingKey, Signer
from tests.fakes.store import MemoryStore


class UsedWithinWrite(AssertionError):
    pass


def _check(store: MemoryStore, what: str) -> None:
    if store.is_writing:
        raise UsedWithinWrite(f"{what} within a write transaction")


@dataclass(frozen=True)
class WatchedSigner:
    """A `Signer`, and whatever else the key within can do."""

    key: Signer
    store: MemoryStore = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        _check(self.store, "a signature")
        return self.key.sign(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.key, name)


class WatchedSealingKey(SealingKey):
    """Every message that is sealed or sealed again has its content key kept under it, or recalled."""

    store: MemoryStore

    def unwrap(self, wrapped: bytes | memoryview, info: bytes) -> bytes | None:
        _check(self.store, "opening")
        return super().unwrap(wrapped, info)

    def keep(self, secret: bytes, about: str) -> bytes:
        _check(self.store, "sealing")
        return super().keep(secret, about)

    def recall(self, kept: bytes, about: str) -> bytes | None:
        _check(self.store, "sealing again")
        return super().recall(kept, about)


def watched(identity: Identity, store: MemoryStore) -> Identity:
    """The same identity, for an office with this store."""
    return Identity(
        WatchedSigner(identity.signing, store),
        tuple(_watched(key, store) for key in identity.sealing),
    )


def _watched(key: SealingKey, store: MemoryStore) -> SealingKey:
    if isinstance(key, WatchedSealingKey):
        return key
    made = WatchedSealingKey.__new__(WatchedSealingKey)
    for name in SealingKey.__slots__:
        object.__setattr__(made, name, getattr(key, name))
    object.__setattr__(made, "store", store)
    return made
