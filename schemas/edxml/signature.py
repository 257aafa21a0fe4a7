"""The XML signature of a package: inspected for the report, never a reason to refuse. edxml §7.11

The legally valid signature is the one inside the attached PDF; every XML signature seen so far was a sample or could
not be verified.
"""

import binascii

from schemas.edxml.place import Place

_XMLDSIG = "{http://www.w3.org/2000/09/xmldsig#}"


def note_signature(header: Place) -> None:
    standing = header.one(f"{_XMLDSIG}Signature")
    mark = _XMLDSIG
    if standing is None:
        standing, mark = header.one("Signature"), ""
    if standing is None:
        header.note("signature-absent", at="Signature")
        return
    if not mark:
        header.note("signature-namespace", at="Signature")
    certificate = _text(standing, mark, "KeyInfo", "X509Data", "X509Certificate")
    value = _text(standing, mark, "SignatureValue")
    subject = _text(standing, mark, "KeyInfo", "X509Data", "X509SubjectName")
    dummy = subject == "CN=user05" or not value or not _is_certificate(certificate)
    header.note("signature-dummy" if dummy else "signature-unchecked", at="Signature")


def _text(place: Place, mark: str, *way: str) -> str:
    element = place.element
    for name in way:
        found = element.children.get(mark + name)
        if not found:
            return ""
        element = found[0]
    return "".join(element.text.split())


def _is_certificate(text: str) -> bool:
    """Returns whether the text is base64 of one whole DER sequence: the standard's sample is cut off after ten
    characters."""
    try:
        der = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return False
    if len(der) < 4 or der[0] != 0x30 or der[1] != 0x82:
        return False
    return len(der) == 4 + int.from_bytes(der[2:4], "big")
