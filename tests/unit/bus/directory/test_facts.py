"""The directory's content as lines: what is signed, compared and looked up."""

from collections.abc import Callable

import pytest

from bus.directory.agencies import Directory
from bus.directory.facts import AGENCY, ISSUER, KEYS, MAILBOX, REVOKED, Change, Register
from bus.directory.sources import read
from bus.errors import BadEdition
from schemas.agency import Quota
from tests.scenarios.country import AGENCIES, BEGIN

KEYED = AGENCIES + '[[keys]]\nmailbox = "G22"\ncertificates = ["AQ=="]\nsealing = ["Ag==", "Aw=="]\n'


@pytest.fixture(scope="module")
def register() -> Register:
    return Register.of(read({"a.toml": KEYED}), issuers=[b"issuer"], revoked=[(b"its name", b"list")])


def test_content_comes_back(register: Register) -> None:
    """The same facts, the same bytes, in the order of their bytes."""
    content = register.content()
    again = Register.parse(content)
    assert again.content() == content
    assert len(again) == len(register) == len(content.splitlines())
    assert sorted(content.splitlines()) == content.splitlines()
    assert (again.ders(ISSUER), again.ders(REVOKED)) == ([b"issuer"], [b"list"])


def test_a_directory_answers_from_it_as_from_its_sources(register: Register) -> None:
    """Agencies by code and alias, mailboxes, what they serve, keys, search, warnings."""
    on = BEGIN.date()
    book = Register.parse(register.content()).book()
    mine, theirs = Directory(book, on=on), Directory.parse({"a.toml": KEYED}, on=on)
    codes = [agency.code for agency in theirs.agencies]
    assert sorted(book.agencies) == sorted(codes)
    assert len(book.agencies) == len(codes)
    assert set(book.listed) == {*codes, "000.00.00.G22", "000.00.00.H49"}
    for code in (*codes, "000.00.00.H49", "H49.7"):
        assert mine.name(code) == theirs.name(code)
    assert mine.resolve("000.00.00.H49") == theirs.resolve("000.00.00.H49")
    assert {each.code for each in mine.mailboxes} == {each.code for each in theirs.mailboxes}
    assert (mine.mailbox("G22").versions, mine.mailbox("H53").versions) == ((1, 2), (1,))
    assert mine.keys("G22") == theirs.keys("G22")
    assert [each.code for each in mine.search("quảng ninh")] == ["H49"]
    assert mine.warnings == theirs.warnings
    assert "H99" not in book.agencies
    assert "000.00.00.H99" not in book.listed


def test_what_a_mailbox_takes_apart_stands_beside_its_keys() -> None:
    """Readers of before refuse names that they do not know in the line of a mailbox, and pass over them beside keys."""
    listed = KEYED.replace('1, 2]\ncode = "G22"', '1, 2]\ncode = "G22"\nlargest = 5_000_000_000')
    register = Register.of(read({"a.toml": listed}))
    assert b"largest" not in (register.fact(MAILBOX, "G22") or b"")
    assert b'"largest":5000000000' in (register.fact(KEYS, "G22") or b"")
    book = Register.parse(register.content()).book()
    assert book.mailboxes["G22"].largest == 5_000_000_000
    assert book.mailboxes["H49"].largest is None


def test_what_may_be_under_way_stands_there_too() -> None:
    """Only what is not the default, and whatever names a later version may have beside it."""
    quota = "under_way = { messages = 500, blobs = 1_000_000 }"
    listed = KEYED.replace('1, 2]\ncode = "G22"', f'1, 2]\ncode = "G22"\n{quota}')
    register = Register.of(read({"a.toml": listed}))
    assert b"under_way" not in (register.fact(MAILBOX, "G22") or b"")
    fact = register.fact(KEYS, "G22") or b""
    assert b'"under_way": {"messages": 500, "blobs": 1000000}'.replace(b" ", b"") in fact
    later = register.content().replace(b'"messages":500', b'"days":7,"messages":500')
    book = Register.parse(later).book()
    assert book.mailboxes["G22"].under_way == Quota(messages=500, blobs=1_000_000)
    assert book.mailboxes["H49"].under_way == Quota()


def test_what_a_mailbox_reads_stands_beside_its_keys() -> None:
    """Algorithms by name; names of another form are passed over, and without a word it is version 1's."""
    listed = KEYED.replace('1, 2]\ncode = "G22"', '1, 2]\ncode = "G22"\nsignatures = ["ml-dsa-65", "p256"]')
    register = Register.of(read({"a.toml": listed}))
    assert b"signatures" not in (register.fact(MAILBOX, "G22") or b"")
    content = register.content().replace(b'"ml-dsa-65"', b'"ml-dsa-65","T\xc3\xaan l\xe1\xba\xa1","a\\nb"')
    mailboxes = Register.parse(content).book().mailboxes
    assert (mailboxes["G22"].signatures, mailboxes["G22"].seals) == (("ml-dsa-65", "p256"), ())
    assert mailboxes["H49"].signatures == ()


def test_many_agencies_are_parsed_as_they_are_asked_for(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few are cached, and all are found."""
    monkeypatch.setattr("bus.directory.facts.PARSED", 2)
    book = register.book()
    for _ in range(2):
        assert [agency.code for agency in book.agencies.values()] == list(book.agencies)


def test_a_change_leads_from_one_to_the_other(register: Register) -> None:
    """Lines that go, come and differ; back again too."""
    after = Register.of(read({"a.toml": AGENCIES.replace("Tây Ninh", "Tây Ninh mới")}), issuers=[b"other"])
    change = register.change_to(after)
    assert [name.split("\t")[0] for name in change.gone] == [ISSUER, KEYS, REVOKED]
    assert len(change.put) == 2
    assert register.changed(change).content() == after.content()
    assert after.changed(after.change_to(register)).content() == register.content()
    assert register.change_to(register) == Change((), ())
    with pytest.raises(BadEdition, match="not there"):
        after.changed(change)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"agency\tH49\t{}", "no end"),
        (b"mailbox\tH49\t{}\nagency\tH49\t{}\n", "not in order"),
        (b"agency\tH49\t{}\nagency\tH49\t{}\n", "not in order"),
        (b"agency\tH49\t{}\nagency\tH49\t{}x\n", "twice"),
        (b"agency\tH49\n", "none"),
        (b"\n", "not in order"),
        (b"other\tH49\t{}\n", "none"),
        (b"agency\t\xc4\x90\t{}\n", "none"),
    ],
)
def test_lines_that_are_none(content: bytes, said: str) -> None:
    """In words."""
    with pytest.raises(BadEdition, match=said):
        Register.parse(content)


def agency(register: Register) -> object:
    return register.book().agencies["H49"]


@pytest.mark.parametrize(
    ("line", "ask", "said"),
    [
        (b'agency\tH49\t{"names":1}', agency, "agency H49"),
        (b"agency\tH49\t{", agency, "agency H49"),
        (b'agency\tH49\t{"aliases":1}', agency, "list of texts"),
        (b'agency\tH49\t{"aliases":[1]}', agency, "list of texts"),
        (b'mailbox\tH49\t{"serves":1}', Register.book, "mailbox H49"),
        (b'keys\tH49\t{"largest":0}\nmailbox\tH49\t{}', Register.book, "that is none"),
        (b'keys\tH49\t{"largest":true}\nmailbox\tH49\t{}', Register.book, "that is none"),
        (b'keys\tH49\t{"largest":1%s}\nmailbox\tH49\t{}' % (b"0" * 40), Register.book, "that is none"),
        (b'keys\tH49\t{"largest":1%s}\nmailbox\tH49\t{}' % (b"0" * 9000), Register.book, "no JSON object"),
        (b'keys\tH49\t{"seals":"x-wing"}\nmailbox\tH49\t{}', Register.book, "list of texts"),
        (b'keys\tH49\t["largest"]\nmailbox\tH49\t{}', Register.book, "no JSON object"),
        (b'keys\tH49\t{"under_way":5}\nmailbox\tH49\t{}', Register.book, "not of its shape"),
        (b'keys\tH49\t{"under_way":{"bytes":0}}\nmailbox\tH49\t{}', Register.book, "not of its shape"),
        (b"keys\tH49\t[]", Register.book, "JSON object"),
        (b"keys\tH49\t{", Register.book, "JSON object"),
        (b'keys\tH49\t{"sealing":["!"]}', Register.book, "base64"),
        (b"issuer\tH49\t{}", lambda register: register.ders(ISSUER), "without its bytes"),
    ],
)
def test_facts_that_are_none(line: bytes, ask: Callable[[Register], object], said: str) -> None:
    """An agency shows it when it is asked for; mailboxes and keys at once."""
    with pytest.raises(BadEdition, match=said):
        ask(Register.parse(line + b"\n"))


def test_kinds_do_not_mix(register: Register) -> None:
    """A code may name an agency, a mailbox and keys."""
    facts = [register.fact(kind, "G22") for kind in (AGENCY, MAILBOX, KEYS)]
    assert len(set(facts)) == 3
    assert register.fact(KEYS, "H49") is None
