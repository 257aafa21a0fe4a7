"""`lienthong edxml` tells a stranger what a package is, what was forgiven in it, and why it is refused."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bus.cli.main import main
from tests.packages import BUSINESS, DOCUMENT, PDF, STATUS, spoiled, with_file

SECRET = spoiled(DOCUMENT, ("<edXML:OtherInfo>", "<edXML:OtherInfo><edXML:Secret>Tối mật</edXML:Secret>"))

DIRECTORY = """
[[agency]]
code = "G22"
names = [{ vi = "Văn phòng Chính phủ" }]
[[agency]]
code = "H49.06"
names = [{ vi = "Sở A" }]
[[agency]]
code = "G05"
names = [{ vi = "Bộ cũ" }]
closed = 2025-03-01
successor = "G22"
[[mailbox]]
code = "G22"
[[mailbox]]
code = "H49.06"
"""


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["edxml", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in {
        "document": DOCUMENT.encode(),
        "status": STATUS.encode(),
        "odd": b"1212" + spoiled(DOCUMENT, ("Sở A", " Sở A "), ("Văn phòng B", " B ")),
        "refused": spoiled(DOCUMENT, ("V/v kiểm tra", "")),
        "secret": SECRET,
        "nonsense": b"%PDF",
    }.items():
        (tmp_path / f"{name}.edxml").write_bytes(data)
    return tmp_path


def test_good_packages_are_fine(folder: Path) -> None:
    """Exit 0, a line each, what was forgiven under it."""
    result = run("check", *(f"{folder}/{name}.edxml" for name in ("document", "status", "odd")))
    assert result.exit_code == 0
    assert "document.edxml: Văn bản mới 12/SA-VP, H49.06, 1 nơi nhận / recipients, 1 tệp / files" in result.output
    assert "status.edxml: Trạng thái / Status 03 Đã tiếp nhận, H49.06,2026/01/05,12/SA-VP" in result.output
    assert "4 stray bytes before the XML were dropped\n    tại / at  tệp / file" in result.output
    assert "MessageHeader/From/OrganName, edXMLHeader/MessageHeader/To/OrganName" in result.output


def test_many_places_of_one_rule_are_one_line(folder: Path) -> None:
    """Forty recipients with one oddity are one oddity."""
    to = DOCUMENT[DOCUMENT.index("<edXML:To>") : DOCUMENT.index("</edXML:To>") + len("</edXML:To>")]
    many = "".join(to.replace("G22", f"G{n}").replace("Văn phòng", " Văn phòng") for n in range(10, 18))
    (folder / "many.edxml").write_bytes(spoiled(DOCUMENT, (to, many)))
    assert "To[3]/OrganName, … +5\n" in run("check", f"{folder}/many.edxml").output


@pytest.mark.parametrize("name", ["refused", "secret", "nonsense"])
def test_a_refused_package_is_told_with_place_and_remedy(folder: Path, name: str) -> None:
    """Exit 1 if any package is refused; the others are still told."""
    result = run("check", f"{folder}/{name}.edxml", f"{folder}/document.edxml")
    assert result.exit_code == 1
    assert f"✗ {folder}/{name}.edxml: KHÔNG NHẬN / REFUSED [" in result.output
    assert "✓" in result.output


def test_programs_get_json(folder: Path) -> None:
    """The same verdicts, every departure with its path."""
    result = run("check", "--json", f"{folder}/odd.edxml", f"{folder}/refused.edxml")
    assert result.exit_code == 1
    odd, refused = json.loads(result.output)
    assert (odd["verdict"], odd["kind"]) == ("read", "document")
    assert {entry["rule"] for entry in odd["departures"]} == {"stray-before", "trimmed", "signature-absent"}
    assert (refused["verdict"], refused["rule"]) == ("refused", "missing-element")
    assert refused["path"].endswith("MessageHeader/Subject")


def test_a_document_is_shown(folder: Path) -> None:
    """Its fields under Vietnamese and English labels, recipients, files with size and digest, path; no content."""
    result = run("show", f"{folder}/document.edxml")
    assert result.exit_code == 0
    for shown in (
        "Trích yếu / Subject",
        "V/v kiểm tra",
        "Công văn (B.18)",
        "Khẩn / Urgent",
        "KT. GIÁM ĐỐC, Nguyễn Văn A",
        "7/VPCP-KSTT, G22",
        "12-SA.pdf",
        f"{len(PDF)}",
        "2026-01-05 09:30:00",
    ):
        assert shown in result.output
    assert PDF[:5].decode() not in result.output


def test_what_a_package_does_is_shown(folder: Path) -> None:
    """Receivers added and removed, documents replaced, and for whom."""
    business = (
        "<edXML:Bussiness><edXML:BussinessDocType>3</edXML:BussinessDocType><edXML:BussinessDocumentInfo>"
        "<edXML:DocumentInfo>1</edXML:DocumentInfo><edXML:ReceiverList><edXML:Receiver><edXML:OrganId>H41</edXML:OrganId>"
        "<edXML:ReceiverType>0</edXML:ReceiverType></edXML:Receiver></edXML:ReceiverList></edXML:BussinessDocumentInfo>"
        "<edXML:ReplacementInfoList><edXML:ReplacementInfo><edXML:DocumentId>cũ</edXML:DocumentId>"
        "</edXML:ReplacementInfo></edXML:ReplacementInfoList>"
        "<edXML:StaffInfo><edXML:Staff>Trần B</edXML:Staff></edXML:StaffInfo></edXML:Bussiness>"
    )
    (folder / "x.edxml").write_bytes(spoiled(DOCUMENT, (BUSINESS, business)))
    output = run("show", f"{folder}/x.edxml").output
    for shown in ("Thay thế / Replacement", "H41 bỏ khỏi danh sách", "cũ (mọi nơi nhận / all)", "có / yes", "Trần B"):
        assert shown in output


def test_a_status_is_shown(folder: Path) -> None:
    """Who reports what about which document to whom."""
    result = run("show", f"{folder}/status.edxml")
    assert result.exit_code == 0
    for shown in ("03 Đã tiếp nhận / Accepted", "G22 Văn phòng B", "2026-01-05 10:00:00", "Trần B, Văn thư"):
        assert shown in result.output


def test_show_gives_json(folder: Path) -> None:
    """The item as the bus's own JSON, without the content of files."""
    shown = json.loads(run("show", "--json", f"{folder}/document.edxml").output)
    assert shown["item"]["id"] == "H49.06,2026/01/05,12/SA-VP"
    assert "content" not in shown["item"]["attachments"][0]


def test_what_the_package_would_not_reach_is_said(folder: Path) -> None:
    """With a directory at hand: no tick, exit 1, the error's sentence, the successor's code for programs."""
    closed = spoiled(DOCUMENT, ("<edXML:OrganId>G22<", "<edXML:OrganId>G05<"))
    (folder / "closed.edxml").write_bytes(closed)
    (folder / "d.toml").write_text(DIRECTORY)
    result = run("check", f"{folder}/closed.edxml", f"{folder}/document.edxml", "--directory", str(folder))
    assert result.exit_code == 1
    assert result.output.count("KHÔNG GỬI ĐƯỢC / CANNOT BE SENT\n") == 1
    assert "  ! Mã G05 đã đóng từ 2025-03-01; đơn vị kế thừa là G22." in result.output
    assert f"✓ {folder}/document.edxml" in result.output
    result = run("check", "--json", f"{folder}/closed.edxml", f"{folder}/document.edxml", "--directory", str(folder))
    bad, good = json.loads(result.output)
    assert (bad["verdict"], good["verdict"], good["agencies"]) == ("unreachable", "read", [])
    ((agency),) = bad["agencies"]
    assert (agency["agency"], agency["rule"], agency["successor"]) == ("G05", "agency-closed", "G22")


@pytest.mark.parametrize("name", ["nowhere.edxml", "."])
def test_what_cannot_be_read_is_said_and_the_rest_is_checked(folder: Path, name: str) -> None:
    """A file that is not there is one verdict among others, for people and for programs."""
    result = run("check", f"{folder}/{name}", f"{folder}/document.edxml")
    assert result.exit_code == 1
    assert f"✗ {folder}/{name}: không đọc được / cannot be read: " in result.output
    assert f"✓ {folder}/document.edxml" in result.output
    assert json.loads(run("check", "--json", f"{folder}/{name}").output)[0]["verdict"] == "unreadable"
    assert run("show", f"{folder}/{name}").exit_code == 1
    assert json.loads(run("show", "--json", f"{folder}/{name}").output)["verdict"] == "unreadable"


def test_a_package_that_is_refused_is_json_where_json_was_asked_for(folder: Path) -> None:
    """Of `show`, too."""
    result = run("show", "--json", f"{folder}/refused.edxml")
    assert (result.exit_code, json.loads(result.output)["rule"]) == (1, "missing-element")


def test_standard_input_is_a_dash(folder: Path) -> None:
    """What another program hands over."""
    result = CliRunner().invoke(main, ["edxml", "check", "-"], input=DOCUMENT.encode())
    assert (result.exit_code, result.output.startswith("✓ -: Văn bản mới 12/SA-VP")) == (0, True)


@pytest.mark.parametrize(("name", "code"), [("refused", "bad-package"), ("secret", "state-secret")])
def test_what_cannot_be_read_cannot_be_shown(folder: Path, name: str, code: str) -> None:
    """The bus's own error, in both languages."""
    result = run("show", f"{folder}/{name}.edxml")
    assert result.exit_code == 1
    assert f"[{code}; nơi gửi xử lý]" in result.output
    assert f"[{code}; sender acts]" in result.output


def test_a_package_steers_no_terminal(folder: Path) -> None:
    """Control characters, line breaks and markup in a text stay on their line, as text."""
    changes = (("V/v kiểm tra", "a\u009b31m\nb"), ("Văn phòng B", "[red]B[/red] :smile:"))
    (folder / "x.edxml").write_bytes(spoiled(DOCUMENT, *changes))
    output = run("show", f"{folder}/x.edxml").output
    assert "a<U+009B>31m⏎b" in output
    assert "[red]B[/red] :smile:" in output


@pytest.mark.parametrize("writable", [True, False])
def test_a_large_package_is_judged_without_holding_it(folder: Path, writable: bool) -> None:
    """Whether its folder lets us keep its files there meanwhile or not."""
    content = bytes(range(256)) * 8192
    path = folder / "large.edxml"
    path.write_bytes(with_file("bản đồ.bin", content))
    with path.open("rb") as file:
        output = run("show", str(path) if writable else f"/proc/self/fd/{file.fileno()}").output
    assert "2,097,152" in output
    assert hashlib.sha256(content).hexdigest() in output
    assert hashlib.sha256(path.read_bytes()).hexdigest() in output
