"""bus/rabbit/admin/queue_age.py: how long the oldest message has waited, by figures of the past."""

import pytest

from bus.rabbit.admin.queue_age import QueueAge, age_in_words, oldest_age


# Samples: seconds ago -> figure; the horizon is an hour ago unless a row says otherwise.
@pytest.mark.parametrize(
    ("depths", "acknowledged", "horizon", "age"),
    [
        ({}, {}, 3600, None),
        ({0: 0, 5: 0}, {}, 3600, QueueAge(0)),
        ({0: 2, 5: 2, 10: 2, 15: 0, 20: 0}, {}, 3600, QueueAge(15)),
        ({0: 2, 5: 2, 10: 2}, {}, 3600, QueueAge(10, at_least=True)),
        ({0: 5, 5: 5, 10: 5, 15: 5}, {0: 9, 5: 6, 10: 4, 15: 0}, 3600, QueueAge(10)),
        ({0: 5, 5: 7, 10: 9}, {0: 4, 5: 2, 10: 0}, 3600, QueueAge(10, at_least=True)),
        ({0: 3, 60: 3, 120: 0, 180: 0}, {}, 100, QueueAge(60, at_least=True)),
    ],
    ids=["no figures", "empty", "idle", "beyond memory", "flowing", "draining", "node restarted"],
)
def test_reads_the_age_from_the_past(
    depths: dict[int, int], acknowledged: dict[int, int], horizon: int, age: QueueAge | None
) -> None:
    """The oldest came after the last moment whose messages have all been acknowledged since."""
    now = 1_795_000_000_000

    def samples(rows: dict[int, int]) -> dict[int, int]:
        return {now - 1000 * ago: figure for ago, figure in rows.items()}

    assert oldest_age(samples(depths), samples(acknowledged), horizon=now - 1000 * horizon) == age


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (None, ""),
        (QueueAge(0), "≈ 0 s"),
        (QueueAge(59), "≈ 59 s"),
        (QueueAge(180), "≈ 3 min"),
        (QueueAge(3600, at_least=True), "> 1 h"),
        (QueueAge(45, at_least=True), "> 45 s"),
    ],
)
def test_an_age_in_words(age: QueueAge | None, words: str) -> None:
    """An estimate says that it is one, and a lower bound too."""
    assert age_in_words(age) == words
