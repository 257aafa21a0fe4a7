"""One besieged country for all the attackers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.attackers.besieged import Besieged, besieged

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))
        with besieged(tmp_path_factory.mktemp("besieged")) as land:
            yield land


@pytest.fixture(autouse=True)
def _the_land_stands(land: Besieged) -> Iterator[None]:
    """After each attack honest documents still arrive."""
    land.story_began = datetime.now(UTC)
    yield
    land.still_works()
