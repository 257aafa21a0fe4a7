"""Who asks: the holder of an API key or of a client certificate, as the ledger's TOML lists them.

A key is 256 random bits, of which the TOML keeps the SHA-256: who reads that file cannot ask with it, and no slow hash
is needed, because nobody guesses such a key.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bus.console.roles import RIGHTS, Right, Role
from bus.errors import NotSignedIn, said
from schemas.values import VIETNAM, AgencyCode

PREFIX: Final = "lienthong_"
"""Before every key, so that scanners of leaked secrets can know one."""
_KEY: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody whom the API answers."""

    name: str
    """As the log of access tells it."""
    role: Role
    agencies: frozenset[AgencyCode] = frozenset()
    """Of the role `agency`: whose documents it sees. Others see everybody's."""
    ends_on: date | None = None
    """The last day of Việt Nam on which it is answered."""

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    @property
    def sees(self) -> frozenset[AgencyCode] | None:
        """Whose documents alone; None: everybody's. Fails closed: an agency without codes sees nothing."""
        return self.agencies if self.role is Role.AGENCY else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a caller shows: the SHA-256 of a key, or of a certificate's DER."""

    sha256: str
    caller: Caller


class Callers:
    """Everybody who may ask."""

    def __init__(self, *, keys: Iterable[Credential] = (), certificates: Iterable[Credential] = ()) -> None:
        self._keys = {each.sha256: each.caller for each in keys}
        self._certificates = {each.sha256: each.caller for each in certificates}

    def who(self, *, key: str | None, certificate: bytes | None, now: datetime) -> Caller:
        """`certificate`: DER, proven by TLS. A key that is given counts, and not the certificate beside it. Raises
        NotSignedIn."""
        if key is not None:
            # The look-up is by a hash that nobody can steer: how long it takes tells nothing of a key.
            caller = self._keys.get(digest(key.encode())) if _KEY.fullmatch(key) else None
            if caller is None:
                raise NotSignedIn(why=_UNKNOWN_KEY)
        elif certificate is not None:
            caller = self._certificates.get(digest(certificate))
            if caller is None:
                raise NotSignedIn(why=_UNKNOWN_CERTIFICATE)
        else:
            raise NotSignedIn(why=_NOTHING)
        if caller.ends_on is not None and now.astimezone(VIETNAM).date() > caller.ends_on:
            raise NotSignedIn(why=said("đã hết hạn từ {on}", "it ended on {on}", on=caller.ends_on))
        return caller


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_UNKNOWN_KEY: Final = said("khóa này không có trong [api]", "[api] has no such key")
_UNKNOWN_CERTIFICATE: Final = said("chứng thư này không có trong [api]", "[api] has no such certificate")
_NOTHING: Final = said("không có khóa, không có chứng thư", "there is no key and no certificate")
