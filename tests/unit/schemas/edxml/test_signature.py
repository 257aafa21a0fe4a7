"""XML signatures are inspected, reported, and never a reason to refuse."""

import base64

import pytest

from schemas.edxml import read
from tests.packages import DOCUMENT, spoiled

DER = base64.b64encode(b"\x30\x82\x00\x04abcd").decode()
XMLDSIG = ' xmlns="http://www.w3.org/2000/09/xmldsig#"'


def signature(value: str, certificate: str, subject: str = "CN=x", attributes: str = "") -> str:
    return (
        f"<Signature{attributes}><SignedInfo/><SignatureValue>{value}</SignatureValue><KeyInfo><X509Data>"
        f"<X509SubjectName>{subject}</X509SubjectName><X509Certificate>{certificate}</X509Certificate>"
        "</X509Data></KeyInfo></Signature>"
    )


@pytest.mark.parametrize(
    ("written", "rules"),
    [
        ("", ["signature-absent"]),
        ("<Signature/>", ["signature-namespace", "signature-dummy"]),
        (f"<Signature{XMLDSIG}/>", ["signature-dummy"]),
        (signature("AAAA", DER), ["signature-namespace", "signature-unchecked"]),
        (signature("AAAA", DER, attributes=XMLDSIG), ["signature-unchecked"]),
        (signature("AAAA", DER[:4] + "\n" + DER[4:], attributes=XMLDSIG), ["signature-unchecked"]),
        (signature("AAAA", "MIICAAABBBB", attributes=XMLDSIG), ["signature-dummy"]),
        (signature("AAAA", "MIICAAAA", attributes=XMLDSIG), ["signature-dummy"]),
        (signature("AAAA", "AAAA", attributes=XMLDSIG), ["signature-dummy"]),
        (signature("AAAA", "chữ ký", attributes=XMLDSIG), ["signature-dummy"]),
        (signature("AAAA", DER, "CN=user05", attributes=XMLDSIG), ["signature-dummy"]),
        (signature("", DER, attributes=XMLDSIG), ["signature-dummy"]),
    ],
)
def test_a_signature_is_reported(written: str, rules: list[str]) -> None:
    """A signature is reported as absent, as a sample, as without its namespace, or as not checked."""
    package = spoiled(DOCUMENT, ("    </edXML:edXMLHeader>", written + "    </edXML:edXMLHeader>"))
    assert [entry.rule for entry in read(package).report] == rules
