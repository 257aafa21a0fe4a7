"""deploy/papers.py: a document to try the road with."""

import subprocess
import sys

from schemas.document import Document
from schemas.edxml import read


def test_a_package_to_try_with() -> None:
    """From and to whom one says, with an attachment, as a document system would write it."""
    command = [sys.executable, "-m", "deploy.papers", "H49", "G22", "H53"]
    item = read(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout).item
    assert isinstance(item, Document)
    assert (item.sender.code, [party.code for party in item.recipients]) == ("H49", ["G22", "H53"])
    assert item.attachments[0].content.startswith(b"%PDF")
