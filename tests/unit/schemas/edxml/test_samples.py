"""Real packages of software in use, from a folder that is not part of this project: read, or refused by their rule.

LIENTHONG_EDXML_SAMPLES names the folder. What is expected is structure; no content of a sample is repeated here.
"""

import os
from pathlib import Path

import pytest

from schemas.document import Document
from schemas.edxml import PackageRefused, read, write

FOLDER = os.environ.get("LIENTHONG_EDXML_SAMPLES")
REFUSED = {"edoc.edxml": "bad-base64"}
"""Its attachment is a placeholder of a template."""
REPORTED = {
    "edoc_new.edxml": {"stray-before", "signature-dummy", "zip-extension"},
    "edoc_update.edxml": {"signature-dummy", "type-code"},
    "sent-2019-05.edxml": {"content-type", "signature-namespace"},
    "sent-2025-10-874e0f18.edxml": {"content-type", "null-literal", "signature-absent"},
}
BUSINESS = {
    "edoc_new.edxml": "NEW",
    "edoc_revocation.edxml": "REVOKE",
    "edoc_update.edxml": "UPDATE",
    "edoc_replacement.edxml": "REPLACE",
}
SAMPLES = sorted(Path(FOLDER).glob("*.edxml")) if FOLDER else []

pytestmark = pytest.mark.skipif(
    not FOLDER,
    reason="set LIENTHONG_EDXML_SAMPLES to a folder of real packages; they carry no licence and are not shipped",
)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_real_package(path: Path) -> None:
    """Read whole, written canonically, read again the same; or refused by the rule that its oddness breaks."""
    data = path.read_bytes()
    if path.name in REFUSED:
        with pytest.raises(PackageRefused) as refused:
            read(data)
        assert refused.value.rule == REFUSED[path.name]
        return
    package = read(data)
    assert {entry.rule for entry in package.report} >= REPORTED.get(path.name, set())
    canonical = write(package.item)
    assert read(canonical).item == package.item
    assert write(read(canonical).item) == canonical
    if isinstance(package.item, Document):
        assert package.item.business.type.name == BUSINESS.get(path.name, "NEW")
        assert len(package.item.attachments) == 1
        assert package.item.attachments[0].size > 0
    else:
        assert package.item.code.value in path.stem


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_real_package_cut_off_anywhere(path: Path) -> None:
    """A file that was not written to its end is refused, never half read."""
    data = path.read_bytes()
    for part in range(1, 20):
        with pytest.raises(PackageRefused):
            read(data[: len(data) * part // 20])
