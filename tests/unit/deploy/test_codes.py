"""deploy/codes.py and deploy/handbook/codes.md"""

import re

from bus.errors import BY_CODE, Who
from bus.rabbit.admin.queue_faults import every_fault
from deploy.codes import PAGE, page
from schemas.edxml.refusals import REFUSALS

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_is_generated() -> None:
    """`python -m deploy.codes` makes it so."""
    assert page() == TEXT


def test_every_code_is_on_it_once_by_who_acts() -> None:
    """An error in the section of who acts; a rule of packages in a section of its own."""
    sections = dict(zip(re.findall(r'<a id="(\w+)">', TEXT), re.split(r"<a id=", TEXT)[1:], strict=True))
    named = {name: re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE) for name, text in sections.items()}
    for who in Who:
        assert named[who] == sorted(code for code, kind in BY_CODE.items() if kind.who is who)
    assert named["packages"] == list(REFUSALS)
    assert named["queues"] == [fault.code for fault in every_fault()]


def test_people_find_it() -> None:
    """From the handbook's first page, and from where they look when something is wrong."""
    for other in ("README.md", "trouble.md"):
        assert "](codes.md)" in PAGE.with_name(other).read_text(encoding="utf-8")
