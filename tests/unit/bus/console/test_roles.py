import pytest

from bus.console.roles import NAMES, RIGHTS, Right, Role

ROWS = [
    (Role.OPERATOR, "alerts documents obligations reports"),
    (Role.SUPERVISOR, "alerts documents obligations reports"),
    (Role.AGENCY, "documents obligations reports"),
    (Role.AUDITOR, "access alerts documents obligations reports"),
]


@pytest.mark.parametrize(("role", "rights"), ROWS)
def test_a_role_sees_what_its_row_says(role: Role, rights: str) -> None:
    """Only auditors see who looked at what; an agency is told of its documents, and not of the bus."""
    assert sorted(RIGHTS[role]) == rights.split()


def test_every_role_and_every_right_is_told_of() -> None:
    """None is forgotten in a table."""
    assert set(RIGHTS) == {role for role, _ in ROWS} == set(Role)
    assert set(NAMES) == set(Right)
