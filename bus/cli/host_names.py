"""Names of machines as people type them for a certificate: RFC 5280 §4.2.1.6, RFC 6125 §6.4.3."""

import ipaddress
import re
from typing import Final

LONGEST: Final = 64
"""Letters of a common name (RFC 5280, appendix A)."""
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,{LONGEST}}}\Z)(\*\.)?({_LABEL}\.)*{_LABEL}")


def is_host(text: str) -> bool:
    """A name, with a star for its first label at most, or an address. No port, no scheme, no dot at its end."""
    if _HOST.fullmatch(text):
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
