"""Texts of our own in PEM: statements and proofs, which stand behind a request that any authority reads. Pure."""

import base64
import binascii


def armoured(label: str, data: bytes) -> bytes:
    text = base64.b64encode(data).decode("ascii")
    lines = (text[at : at + 64] for at in range(0, len(text), 64))
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode("ascii")


def unarmoured(label: str, pem: bytes) -> tuple[bytes, ...]:
    """Every part with this label; others are skipped. Raises ValueError for one that is not base64."""
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    found = []
    for part in pem.decode("utf-8", "replace").split(begin)[1:]:
        try:
            found.append(base64.b64decode("".join(part.partition(end)[0].split()), validate=True))
        except binascii.Error as exc:
            raise ValueError(f"{label}: not base64") from exc
    return tuple(found)
