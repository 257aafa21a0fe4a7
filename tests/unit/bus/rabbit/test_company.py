"""bus/rabbit/company.py"""

import pytest

from bus.rabbit.company import Company


@pytest.mark.parametrize(
    ("counts", "others"),
    [
        pytest.param([(0, 1), (200, 1)], 0, id="alone"),
        pytest.param([(0, 2), (60, 2), (80, 1)], 0, id="a dead connection that lingered"),
        pytest.param([(0, 2), (60, 1), (80, 2), (160, 2)], 0, id="each time another"),
        pytest.param([(0, 2), (60, 3), (90, 3)], 2, id="somebody, for longer than the dead linger"),
        pytest.param([(0, 2), (90, 2), (120, 1)], 0, id="somebody who went"),
        pytest.param([(0, 2), (80, None), (90, 2)], 0, id="counted anew after our own connection was lost"),
        pytest.param([(0, 2), (90, 2), (100, None)], 1, id="still there while nobody counts"),
    ],
)
def test_company(counts: list[tuple[float, int | None]], others: int) -> None:
    """Who consumes beside us counts once they have done so for longer than the broker takes to bury a connection."""
    company = Company(90.0)
    for at, consumers in counts:
        if consumers is None:
            company.unknown()
        else:
            company.counted(consumers, at=at)
    assert company.others == others
