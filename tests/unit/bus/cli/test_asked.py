import os
import pwd

import pytest

from bus.cli.asked import person


def test_a_person_is_the_user_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what the environment says; behind sudo with who called it, so that root has a name."""
    name = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setenv("LOGNAME", "somebody")
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert person() == name
    monkeypatch.setenv("SUDO_USER", "an")
    assert person() == f"{name} (sudo: an)"
