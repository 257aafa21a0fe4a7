"""A walk through the handbook: the commands of some sections, in their order, in one bash, with the places that a page
names put somewhere in a temporary folder."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.handbook.pages import Line, lines, replaced

PROJECT = Path(__file__).parents[2]
PRELUDE = Path(__file__).with_name("prelude.sh")

NOT_RUN: Mapping[str, str] = {
    "cd /opt/lienthong": "the tests run in a clone that is set up already",
    "uv sync": "the same: it would change the environment that the tests run in",
    "ln -s /opt/lienthong/.venv/bin/lienthong /usr/local/bin": "it changes the machine",
    "useradd": "it changes the machine",
    "install -d -o lienthong": "needs root and the system user",
    "cp deploy/systemd/": "it changes the machine",
    "createuser": "asks for a password at a terminal",
    "lienthong keys request /etc/lienthong/keys-token": "needs a token; tests/integration/test_token.py has one",
    "lienthong ca init ca --root-token": "needs tokens; tests/integration/test_authority_in_tokens.py has them",
    "lienthong store restore": "the store must be lost first: tests/faults/test_surroundings_store.py",
    "lienthong ca issue-directory ca --out dir.pem --key dir.token": "the same",
    "lienthong directory sign draft.txt --key dir.token": "the same",
}
"""Beginning of a command -> why no test gives it."""

FOUND_IS_WELL = (
    "lienthong ca expiring",
    "lienthong calendar show",
    "lienthong directory diff",
    "lienthong keys expiring",
    "lienthong queues",
    "lienthong topology",
)
"""Exit code 3 is an answer of theirs: something to see, something to do."""


@dataclass(slots=True)
class Walk:
    """Where it takes place, and what a page's names stand for there."""

    folder: Path
    names: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def take(self, page: str, *sections: str, names: Mapping[str, str] | None = None) -> str:
        """Gives the commands of some sections; what they printed. Fails at the first that does not end well."""
        chosen = [line for line in lines(page) if line.section in sections]
        assert {line.section for line in chosen} == set(sections), f"{page}.md has no commands under #{sections}"
        script = self.folder / "walk.sh"
        table = self.names | dict(names or {})
        script.write_text("\n".join([f". {PRELUDE}", *self._told(chosen, table)]) + "\n", encoding="utf-8")
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COLUMNS": "80",
            "ETC": table.get("/etc/lienthong", ""),
            "LIENTHONG_DEFAULTS": _defaults(page, table),
        }
        with (self.folder / "walk.log").open("w+", encoding="utf-8") as log:
            # A file, not a pipe: a daemon that a section starts lives on, and would hold the pipe open.
            done = subprocess.run(
                ["bash", str(script)], cwd=self.folder, env=environment | self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, check=False, timeout=300,
            )  # fmt: skip
            log.seek(0)
            said = log.read()
        assert done.returncode == 0, f"{page}.md#{sections}\n{said}"
        return said

    def unit(self, verb: str, code: str, names: Mapping[str, str]) -> None:
        """`systemctl stop lienthong@H49` and the like, where no page says it."""
        script = f". {PRELUDE}; systemctl {verb} lienthong@{code}"
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ETC": names["/etc/lienthong"],
        }
        with (self.folder / "unit.log").open("w", encoding="utf-8") as log:
            subprocess.run(["bash", "-c", script], cwd=self.folder, env=environment, check=True, stdout=log, stderr=log)

    def _told(self, chosen: list[Line], table: Mapping[str, str]) -> Iterator[str]:
        for line in chosen:
            text = replaced(line.text, table)
            if line.file is not None:
                Path(replaced(line.file, table)).write_text(text, encoding="utf-8")
            elif not any(line.text.startswith(known) for known in NOT_RUN):
                well = "0 3" if line.text.startswith(FOUND_IS_WELL) else "0"
                yield f"echo {shlex.quote(f'== {line.place}: {text}')}"
                yield f"{{ {text}\n}}; ended $? {line.place} {shlex.quote(well)}"

    def end(self) -> None:
        """Ends the daemons that the sections started."""
        for file in self.folder.rglob("*.pid"):
            with_pid = file.read_text().split()
            if with_pid:
                subprocess.run(["kill", with_pid[0]], check=False, capture_output=True)


def _defaults(page: str, table: Mapping[str, str]) -> str:
    """The defaults file of whoever follows a page, once the page has had it made: the centre's or the agency's."""
    agency = f"{table['/etc/lienthong']}/lienthong.toml" if "/etc/lienthong" in table else ""
    file = table.get("~/.config/lienthong.toml", "") if page == "centre" else agency
    return file if file and Path(file).exists() else ""
