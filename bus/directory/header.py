"""The signed header of an edition, and what an edition may claim when it is compared with the one held.

Rules that look at numbers and dates; who signed is judged in bus/directory/edition.py. schemas/README.md §9.2, §9.7."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from bus.errors import BadEdition, Words
from schemas.clock import local
from schemas.values import Digest, Time, Value

MAX_CONTENT: Final = 256 * 1024 * 1024
"""Bytes; 125,000 units are 20 MB."""
MAX_NUMBER: Final = 2**53 - 1
"""Of editions and charters: a number that every JSON library reads unchanged."""
STEP: Final = 1_000_000
"""How far a number may go up at once, and once more for each whole day since the edition held: so one edition cannot
end the sequence, and a reader that was away for years still takes the newest."""
MAX_LIFE: Final = timedelta(days=400)
"""The longest time from an edition's issue to its end."""


class Rule(StrEnum):
    """The rule by which an edition was refused. An operator sees it as the event `directory.<rule>`."""

    REFUSED = "refused"
    """Forged, broken, older, expired, or from the future."""
    VERSION = "version-out-of-bounds"
    LIFETIME = "lifetime-out-of-bounds"
    DATED_BACK = "dated-back"
    SIGNER_REVOKED = "signer-revoked"
    LIST_MISSING = "list-missing"
    LIST_OLDER = "list-older"
    LIST_SHORTER = "list-shorter"
    """Without an entry for a stolen key that was in it before."""
    LIST_ENDED = "list-ended"
    CHARTER = "charter-refused"
    SIGNERS = "signers-missing"
    STATEMENT = "statement-older"


def rule_of(error: BadEdition) -> Rule:
    """The rule by which an edition was refused."""
    return Rule(str(error.facts.get("rule", Rule.REFUSED)))


class Header(Value):
    """The signed header of an edition."""

    format: Literal[1] = 1
    version: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """Goes up with each edition; it need not go up by one."""
    issued_at: Time
    expires_at: Time
    lines: Annotated[int, Field(ge=0, le=MAX_CONTENT)]
    size: Annotated[int, Field(ge=0, le=MAX_CONTENT)]
    """Of the content, in bytes."""
    sha256: Digest


def check_follows(held: Header | None, offered: Header) -> None:
    """Raises BadEdition where the number, the lifetime or the date of an edition is out of bounds, by itself or beside
    the edition held."""
    # schemas §9.7.2; against a freeze: what is held for long must end. TUF 5.4.4
    if offered.expires_at - offered.issued_at > MAX_LIFE:
        days = (offered.expires_at - offered.issued_at).days
        why = Words(
            f"nó sẽ có hiệu lực {days} ngày; nhiều nhất {MAX_LIFE.days} ngày",
            f"it would be in force for {days} days; {MAX_LIFE.days} are most",
        )
        raise BadEdition(why=why, rule=Rule.LIFETIME)
    if held is None:
        return
    # schemas §9.7.3; whole seconds: signers write dates with and without fractions
    if offered.issued_at < held.issued_at.replace(microsecond=0):
        why = Words(
            f"nó phát hành lúc {_text(offered.issued_at)}, trước bản đang giữ, lúc {_text(held.issued_at)}",
            f"it was issued at {_text(offered.issued_at)}, before the one held, at {_text(held.issued_at)}",
        )
        raise BadEdition(why=why, rule=Rule.DATED_BACK)
    # schemas §9.7.1; against a fast-forward. TUF 1.5.2 and 5.3.5, whose step is one
    days = max(offered.issued_at - held.issued_at, timedelta(0)).days
    if offered.version > held.version + STEP * (1 + days):
        why = Words(
            f"số {offered.version} của nó quá xa số {held.version} đang giữ",
            f"its number {offered.version} is too far above {held.version}, which is held",
        )
        raise BadEdition(why=why, rule=Rule.VERSION)


def _text(at: datetime) -> str:
    return local(at)
