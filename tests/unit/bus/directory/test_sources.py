"""Contradictions in the directory's texts are found before anybody is answered from them."""

import pytest

from bus.directory.sources import ancestors, key_entries, read
from bus.errors import BadDirectory

MAILBOX = '\n[[mailbox]]\ncode = "H01"\n'


def agency(code: str, **fields: str) -> str:
    """An entry; field values as TOML writes them."""
    entry = {"code": f'"{code}"', "names": f'[{{ vi = "Đơn vị {code}" }}]', **fields}
    return "[[agency]]\n" + "\n".join(f"{name} = {value}" for name, value in entry.items()) + "\n"


H01, H02 = agency("H01"), agency("H02")


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("a = ", "TOML: không đọc được"),
        (b"\xff\xfe", "TOML: không đọc được"),
        ("[other]\n", "other: không biết bảng này"),
        ("agency = 1", "agency: không biết bảng này"),
        ("agency = [1]", "agency: không biết bảng này"),
        ("units = 1", "units: không biết bảng này"),
        ('[[agency]]\nnames = [{ vi = "x" }]', "agency 1: sai ở code (code: Field required)"),
        (agency("H01", nmaes="1"), "H01: sai ở nmaes"),
        (agency("Đ01"), "Đ01: sai ở code"),
        (agency("H01", closed='"2025-07-01"'), "H01: sai ở closed"),
        (agency("H01", names="[]"), "H01: chưa có tên (no name)"),
        (H01 + H01, "H01: mã H01 đã có ở H01, f.toml (code H01 is also at H01, f.toml)"),
        (agency("H01", aliases='["H02"]') + H02, "H02: mã H02 đã có ở H01, f.toml"),
        (H02 + agency("H01", aliases='["H02"]'), "H01: mã H02 đã có ở H02, f.toml"),
        (agency("H01", parent='"H09"'), "H01: cấp trên H09 không có (unknown parent H09)"),
        (agency("H01", closed="2025-07-01", successor='"H09"'), "H01: đơn vị kế thừa H09 không có"),
        (H02 + agency("H01", successor='"H02"'), "H01: có đơn vị kế thừa mà chưa có ngày đóng"),
        (agency("H01", closed="2025-07-01", forward="true"), "H01: forward mà không có đơn vị kế thừa"),
        (agency("H01", opened="2025-07-01", closed="2025-07-01"), "H01: ngày đóng không sau ngày mở"),
        (
            agency("H01", names='[{ vi = "a", since = 2025-01-01 }, { vi = "b", since = 2024-01-01 }]'),
            "H01: ngày đổi tên không theo thứ tự",
        ),
        (agency("H01", names='[{ vi = "a" }, { vi = "b" }]'), "H01: ngày đổi tên không theo thứ tự"),
        (
            agency("H01", closed="2020-01-01", names='[{ vi = "a" }, { vi = "b", since = 2020-01-01 }]'),
            "H01: đổi tên sau ngày đóng",
        ),
        (
            agency("H01", closed="2020-01-01", successor='"H02"') + agency("H02", opened="2020-01-02"),
            "H01: kế thừa H02 mở sau ngày đóng",
        ),
        (agency("H01", parent='"H01"'), "H01: cấp trên thành vòng tròn"),
        (agency("H01", parent='"H01.1"') + agency("H01.1"), "H01: cấp trên thành vòng tròn"),
        (agency("H03", parent='"H01"') + agency("H01", parent='"H02"') + agency("H02", parent='"H01"'), "vòng tròn"),
        (agency("H01", closed="2020-01-01", successor='"H01"'), "H01: kế thừa thành vòng tròn"),
        (
            agency("H01", closed="2020-01-01", successor='"H02"')
            + agency("H02", closed="2021-01-01", successor='"H01"'),
            "H02: kế thừa thành vòng tròn",
        ),
        (MAILBOX, "H01: hộp thư của đơn vị không có"),
        (agency("H02", aliases='["H01"]') + MAILBOX, "H01: hộp thư của đơn vị không có"),
        (H01 + MAILBOX + MAILBOX, "H01: hộp thư ghi hai lần"),
        (H01 + MAILBOX + 'serves = ["H02"]', "H01: phục vụ đơn vị H02 không có"),
        (H01 + H02 + MAILBOX + 'serves = ["H02"]\n[[mailbox]]\ncode = "H02"', "H02: H02 đã thuộc hộp thư H01"),
        (H01 + '[[mailbox]]\nserves = ["H01"]', "mailbox 1: sai ở code"),
        ("[[keys]]\n", "keys None: không có hộp thư này"),
        ('[[keys]]\nmailbox = "H01"', "keys H01: không có hộp thư này"),
        (H01 + MAILBOX + '[[keys]]\nmailbox = "H01"\nsigning = ["AA=="]', "keys H01: khóa sai dạng"),
        (H01 + MAILBOX + '[[keys]]\nmailbox = "H01"\nsigning = []\nsealing = ["AA=="]', "keys H01: khóa sai dạng"),
        (H01 + MAILBOX + '[[keys]]\nmailbox = "H01"\nsigning = [1]\nsealing = ["AA=="]', "keys H01: khóa sai dạng"),
        (H01 + MAILBOX + '[[keys]]\nmailbox = "H01"\nsigning = ["A"]\nsealing = ["AA=="]', "(not base64"),
        (H01 + MAILBOX + '[[keys]]\nmailbox = "H01"\nsigning = ["Đ"]\nsealing = ["AA=="]', "keys H01: khóa sai dạng"),
        (
            H01 + MAILBOX + '[[keys]]\nmailbox = "H01"\nseal = ["AA=="]\nsigning = ["AA=="]\nsealing = ["AA=="]',
            "keys H01: không biết ['seal']",
        ),
        (
            H01 + MAILBOX + '[[keys]]\nmailbox = "H01"\nsigning = ["AA=="]\nsealing = ["AA=="]\n' * 2,
            "keys H01: khóa ghi hai lần",
        ),
        ("units = '''\ncode | vi | name\nH01 | x | y\n'''", "units: không biết cột ['name']"),
        ("units = '''\ncode | vi\nH01 | x | y\n'''", "units 2: thừa ô (3 cells for 2 columns)"),
        ("units = '''\ncode | vi | closed\n\n# lời ghi\nH01 | x | 01/07/2025\n'''", "units 4: sai dạng"),
        ("units = '''\ncode | vi | closed | forward\nH01 | x | 2025-07-01 | yes\n'''", "H01: sai ở forward"),
        ("units = '''\ncode | vi\n | x\n'''", "units 2: sai ở code"),
        ("units = '''\ncode | en\nH01 | x\n'''", "H01: sai ở names.0.vi"),
    ],
)
def test_a_contradiction_is_named_by_file_and_entry(text: str | bytes, finding: str) -> None:
    """Whoever keeps the files is told where and what, in Vietnamese and English."""
    with pytest.raises(BadDirectory) as raised:
        read({"f.toml": text})
    why = str(raised.value.facts["why"])
    assert why.startswith("f.toml, ")
    assert finding in why


def test_every_contradiction_is_told_at_once() -> None:
    """Keepers mend a directory in one round; a flood is cut short, with the number left out."""
    with pytest.raises(BadDirectory) as raised:
        read({"a.toml": H01 * 16, "b.toml": H02 * 8})
    why = str(raised.value.facts["why"])
    assert why.count("a.toml, H01") == 15
    assert why.count("b.toml, H02") == 5
    assert why.endswith("… (+2)")


def test_a_link_may_use_any_code_of_a_unit() -> None:
    """Parents, successors and `serves` take an alias as well as the code."""
    text = (
        agency("H01", aliases='["000.00.00.H01"]')
        + agency("H02", closed="2020-01-01", successor='"000.00.00.H01"', opened="2019-01-01")
        + agency("X1", parent='"000.00.00.H01"')
        + '[[mailbox]]\ncode = "H01"\nserves = ["000.00.00.H01"]'
    )
    book = read({"f.toml": text})
    assert [step.code for step in book.line("X1")] == ["X1", "H01"]
    assert book.served == {"H01": "H01"}


def test_links_reach_across_files() -> None:
    """A file may name what another one lists, whichever is read first; a byte order mark is no matter."""
    book = read({"a.toml": MAILBOX.encode(), "b.toml": b"\xef\xbb\xbf" + H01.encode()})
    assert list(book.mailboxes) == ["H01"]


def test_units_say_what_agencies_say() -> None:
    """A line of `units` and an [[agency]] are two spellings of one thing; lines may be short, columns in any order."""
    units = (
        "units = '''\n"
        "vi | code | aliases | en | opened | closed | successor | forward | basis | parent\n"
        "Một | H01 | a b | One | 2019-01-01 | 2020-01-01 | H02 | true | QĐ 1 | H03\n"
        "Hai | H02 | | | | | | false\n"
        "Ba | H03\n"
        "'''"
    )
    entries = (
        agency(
            "H01", names='[{ vi = "Một", en = "One" }]', aliases='["a", "b"]', opened="2019-01-01",
            closed="2020-01-01", successor='"H02"', forward="true", basis='"QĐ 1"', parent='"H03"',
        )
        + agency("H02", names='[{ vi = "Hai" }]')
        + agency("H03", names='[{ vi = "Ba" }]')
    )  # fmt: skip
    assert read({"u": units}).agencies == read({"e": entries}).agencies


def test_an_empty_text_lists_nobody() -> None:
    """Comments alone are a fine file."""
    assert not read({"f.toml": "# \n", "u.toml": "units = ''"}).agencies


@pytest.mark.parametrize(
    ("code", "above"),
    [
        ("H29", []),
        ("H29.12.3", ["H29.12", "H29"]),
        ("H37.DN.001", ["H37.DN", "H37"]),
        ("H17.22.H17", ["H17.22", "H17"]),
        ("000.00.00.H53", ["H53"]),
        ("000.01.02.H53", ["000.00.02.H53", "000.00.00.H53", "H53"]),
        ("001.01.02.H53", ["000.01.02.H53", "000.00.02.H53", "000.00.00.H53", "H53"]),
        ("28.22.H17", ["000.28.22.H17", "000.00.22.H17", "000.00.00.H17", "H17"]),
        ("00.01.H03", ["000.00.01.H03", "000.00.00.H03", "H03"]),
        ("1234.5.H03", ["5.H03", "H03"]),
        ("AB.05.H03", ["05.H03", "H03"]),
        ("1.2.3.4.H03", ["2.3.4.H03", "3.4.H03", "4.H03", "H03"]),
        ("vxp.saas.03", ["vxp.saas", "vxp"]),
        ("0101234567", []),
    ],
)
def test_a_code_shows_what_is_above_it(code: str, above: list[str]) -> None:
    """New forms are read from the left (QĐ 20/2020), old ones from the right (QCVN 102:2016), short old ones padded."""
    assert list(ancestors(code)) == above


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keys = 1", "keys of H01"),
        ("keys = [1]", "keys of H01"),
        ("[[keys]]\nmailbox = 'H01'\ncertificates = [1]", "lists of base64"),
        ("[[keys]]\nmailbox = 'H01'", "neither signing nor certificates"),
        ("=", "keys of H01"),
    ],
)
def test_keys_in_a_file_of_their_own(text: str, said: str) -> None:
    """Read for one mailbox; what is wrong is said."""
    with pytest.raises(BadDirectory, match=said):
        key_entries(text.encode(), mailbox="H01")
    assert key_entries(b"", mailbox="H01") is None


def test_a_mailbox_without_any_key_to_verify_by() -> None:
    """Neither bare nor certified."""
    with pytest.raises(BadDirectory, match="neither signing nor certificates"):
        read({"a.toml": H01 + MAILBOX + '[[keys]]\nmailbox = "H01"\nsealing = ["AQ=="]\n'})
