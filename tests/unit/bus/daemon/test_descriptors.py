"""The file descriptors of a process: raised as far as they go, and said where that is short."""

import resource
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from bus.daemon.descriptors import A_MAILBOX, ENOUGH, FOR_ALL, Descriptors, raise_limit

CODE = """
import resource, sys
from bus.daemon.descriptors import raise_limit
soft, hard, mailboxes = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
found = raise_limit(mailboxes)
print(found.limit, found.are_short, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "mailboxes", "said"),
    [
        pytest.param(64, 512, 1, "512 False 512 512", id="raised to the hard limit"),
        pytest.param(512, 512, 1, "512 False 512 512", id="there already"),
        pytest.param(64, 128, 40, "128 True 128 128", id="short for forty mailboxes"),
    ],
)
def test_the_limit_is_raised(soft: int, hard: int, mailboxes: int, said: str) -> None:
    """In a process of its own: a limit never comes back."""
    command = [sys.executable, "-c", CODE, str(soft), str(hard), str(mailboxes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == said
    assert ("descriptors.short" in done.stdout) == ("True" in said)


@pytest.mark.parametrize(
    ("limits", "refuses", "limit"),
    [
        ((100, 200), False, 200),
        ((100, 200), True, 100),
        ((100, resource.RLIM_INFINITY), False, ENOUGH),
        ((ENOUGH + 5, ENOUGH + 9), False, ENOUGH + 5),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), False, None),
        (None, False, None),
    ],
)
def test_a_system_may_refuse(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int] | None, refuses: bool, limit: int | None
) -> None:
    """A filter of system calls, a hard limit without end: what there is, is used."""

    def get(_: int) -> tuple[int, int]:
        if limits is None:
            raise PermissionError
        return limits

    def put(_: int, __: tuple[int, int]) -> None:
        if refuses:
            raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", get)
    monkeypatch.setattr(resource, "setrlimit", put)
    with capture_logs():
        assert raise_limit(1) == Descriptors(limit=limit, wanted=FOR_ALL + A_MAILBOX)


def test_an_unknown_limit_is_not_short() -> None:
    """Nothing is said of what is not known."""
    assert not Descriptors(limit=None, wanted=9).are_short
