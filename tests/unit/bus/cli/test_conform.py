"""`lienthong adapter conform`."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from adapters.conform.suite import CASES, Attempt, Outcome, Verdict
from bus.cli import conform as conform_of
from bus.cli.main import main

FOLDER = '[adapter]\nuse = "folder"\n[adapter.options]\nroot = "{root}"\n'
WRONG = "tests.contract.wrong_adapters"
TWO_COMMITS = (
    f'[adapter]\nuse = "{WRONG}.wrong:MarksInASecondCommit"\n[conform]\nsite = "{WRONG}.sites:TwoCommitsSite"\n'
)


def conform(folder: Path, toml: str, *args: str) -> Result:
    path = folder / "a.toml"
    path.write_text(toml)
    return CliRunner().invoke(main, ["adapter", "conform", str(path), *args])


def test_a_right_adapter_passes(tmp_path: Path) -> None:
    """It is said what was asked, what came and what it is worth, in both languages; in the files with the evidence."""
    files = {name: tmp_path / f"report.{name}" for name in ("json", "junit", "html")}
    options = [arg for name, file in files.items() for arg in (f"--{name}", str(file))]
    result = conform(tmp_path, FOLDER.format(root=tmp_path), "--case", "N-22", "--case", "F-46", *options)
    assert result.exit_code == 0, result.output
    assert "✓ N-22  đạt / passed" in result.output
    assert "– F-46  chưa chạy / not run" in result.output
    assert "Số trường hợp / cases: 2/" in result.output
    assert "tự kiểm tra, không phải chứng nhận" in result.output
    assert "a self-test, no certification" in result.output
    told = json.loads(files["json"].read_text())
    assert [each["verdict"] for each in told["cases"]] == ["passed", "not-run"]
    assert told["counts"] == {"passed": 1, "failed": 0, "not-run": 1}
    assert told["cases"][0]["rows"][0]["evidence"][0]["did"].startswith("deliver(")
    suite = ElementTree.fromstring(files["junit"].read_text())
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["2", "0", "1"]
    assert "không phải chứng nhận" in files["html"].read_text()


def test_a_wrong_adapter_fails(tmp_path: Path) -> None:
    """With the place at which it was killed, what came and what was wanted."""
    file = tmp_path / "report.xml"
    result = conform(tmp_path, TWO_COMMITS, "--case", "F-42", "--junit", str(file))
    assert result.exit_code == 1, result.output
    assert "✗ F-42  không đạt / failed" in result.output
    assert "Không đạt: F-42." in result.output
    assert "SIGKILL" in result.output
    shown = " ".join(result.output.split())
    assert "after Connection.commit (register.py:" in shown
    assert "cần / wanted: [1, 1]" in shown
    failure = ElementTree.fromstring(file.read_text()).find("testcase/failure")
    assert failure is not None
    assert "wanted: [1, 1]" in (failure.text or "")


def test_without_a_site_it_is_not_complete(tmp_path: Path) -> None:
    """What can be judged through the port alone is; the others are named as not run, and the exit code tells."""
    toml = FOLDER.format(root=tmp_path / "dms").replace("folder", "adapters.folder:FolderAdapter")
    refused = conform(tmp_path, toml, "--case", "N-22")
    assert refused.exit_code == 4
    assert "test_system = true" in refused.output
    result = conform(tmp_path, toml + "[conform]\ntest_system = true\n", "--case", "N-22", "--case", "N-24")
    assert result.exit_code == 3, result.output
    assert "✓ N-22" in result.output
    assert "– N-24" in result.output
    assert "chưa khai báo [conform] site" in result.output
    assert "Not complete" in result.output


def test_lines_fit_a_terminal(tmp_path: Path) -> None:
    """80 columns, whatever came."""
    result = conform(tmp_path, TWO_COMMITS, "--case", "F-42", "--case", "N-01")
    assert [line for line in result.output.splitlines() if len(line) > 80 and str(tmp_path) not in line] == []


def test_a_case_that_there_is_not_is_a_wrong_use(tmp_path: Path) -> None:
    """Exit code 2, with the numbers that there are."""
    result = conform(tmp_path, FOLDER.format(root=tmp_path), "--case", "N-99")
    assert result.exit_code == 2
    assert "N-99" in result.output
    assert "F-66" in result.output


def test_a_number_may_be_in_small_letters(tmp_path: Path) -> None:
    """And is said in ours."""
    result = conform(tmp_path, FOLDER.format(root=tmp_path), "--case", "n-01")
    assert result.exit_code == 0, result.output
    assert "✓ N-01" in result.output


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Before a case is tried; one that can is left alone."""
    good, bad = tmp_path / "r.html", tmp_path / "no" / "r.json"
    result = conform(tmp_path, FOLDER.format(root=tmp_path), "--case", "N-01", "--html", str(good), "--json", str(bad))
    assert result.exit_code == 4
    assert "N-01" not in result.output
    assert "r.json" in result.output
    assert not good.exists()
    good.write_text("of before")
    conform(tmp_path, FOLDER.format(root=tmp_path), "--case", "N-01", "--html", str(good), "--json", str(bad))
    assert good.read_text() == "of before"


def test_a_disk_that_fills_up_meanwhile_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came was told; the report could not be kept."""
    (tmp_path / "r.json").mkdir()
    monkeypatch.setattr("bus.cli.conform._can_be_written", lambda _: None)
    result = conform(tmp_path, FOLDER.format(root=tmp_path), "--case", "N-01", "--json", str(tmp_path / "r.json"))
    assert result.exit_code == 1
    assert "✓ N-01" in result.output
    assert "directory" in result.output


@pytest.mark.parametrize(
    ("site", "why"),
    [("LacksMethods", "lacks away, changes"), ("FailsAtOnce", "RuntimeError: the test system is not there (sites.py:")],
)
def test_a_site_that_cannot_be_used_is_one_error(tmp_path: Path, site: str, why: str) -> None:
    """Before the first case, with an exit code of its own."""
    toml = f'[adapter]\nuse = "{WRONG}.register:RegisterAdapter"\n[conform]\nsite = "{WRONG}.sites:{site}"\n'
    result = conform(tmp_path, toml)
    assert result.exit_code == 4
    assert why in " ".join(result.output.split())
    assert "N-01" not in result.output


def test_an_adapter_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    """Without a site, too; and one that hangs is not waited for."""
    toml = f'[adapter]\nuse = "{WRONG}.register:RegisterAdapter"\n[conform]\ntest_system = true\n'
    result = conform(tmp_path, toml)
    assert result.exit_code == 4
    assert "path: the SQLite file" in " ".join(result.output.split())
    toml = toml.replace("test_system = true", f'site = "{WRONG}.sites:HangsAtOnce"')
    result = conform(tmp_path, toml, "--timeout", "0.2")
    assert result.exit_code == 4
    assert "no end after 0.2 s" in " ".join(result.output.split())


def test_what_was_told_until_it_was_stopped_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, in the second case."""
    tell = conform_of._show

    def stops(outcome: Outcome) -> None:
        if outcome.case.number == "N-02":
            raise KeyboardInterrupt
        tell(outcome)

    monkeypatch.setattr(conform_of, "_show", stops)
    file = tmp_path / "r.json"
    cases = [arg for number in ("N-01", "N-02", "N-21") for arg in ("--case", number)]
    result = conform(tmp_path, FOLDER.format(root=tmp_path), *cases, "--json", str(file))
    assert result.exit_code == 1
    assert "Stopped, as asked." in result.output
    assert "stopped, 2 left" in result.output
    told = json.loads(file.read_text())
    assert (told["complete"], [each["number"] for each in told["cases"]]) == (False, ["N-01"])


def test_at_a_terminal_a_case_is_named_when_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    """With what it asks, which is not said again; elsewhere once, at its end."""
    passed = Attempt(row="", verdict=Verdict.PASSED, why="", need=None, facts=[], seconds=0)
    conform_of._begins(CASES[0])
    assert capsys.readouterr().out == ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True)
        conform_of._begins(CASES[0])
        conform_of._show(Outcome(case=CASES[0], attempts=[passed]))
    told = capsys.readouterr().out
    assert "… N-01\n        Không có việc gì" in told
    assert told.endswith("✓ N-01  đạt / passed\n")


@pytest.mark.parametrize("args", [["--help"], ["conform", "--help"]])
def test_it_is_found_in_the_help(args: list[str]) -> None:
    """Beside run and check."""
    result = CliRunner().invoke(main, ["adapter", *args])
    assert result.exit_code == 0
    assert "self-test" in result.output or "conform" in result.output
