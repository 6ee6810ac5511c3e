"""Many episodes with broken policies, sensors and twins, with the shield and without."""

from collections import Counter
from random import Random  # noqa: TID251 - seeded

import pytest

from tests.support.tampering import Course, Unsafe, drawn, lived

pytestmark = pytest.mark.timeout(300)


def courses(episodes: int, *, shielded: bool, steps: int) -> list[Course]:
    lives = []
    for seed in range(episodes):
        chance = Random(seed)
        lives.append(lived(drawn(chance), chance, steps=steps, shielded=shielded))
    return lives


def unsafe(lives: list[Course]) -> Counter[Unsafe]:
    return sum((life.unsafe for life in lives), Counter[Unsafe]())


def test_no_command_is_unsafe_behind_the_shield() -> None:
    lives = courses(200, shielded=True, steps=8)
    assert unsafe(lives).total() == 0
    assert sum(life.late for life in lives) == 0
    # It would be no wonder, were the policy never let through.
    assert sum(life.by_policy for life in lives) > 150


def test_without_it_commands_of_every_kind_are_unsafe() -> None:
    found = unsafe(courses(200, shielded=False, steps=8))
    assert all(found[kind] > 0 for kind in Unsafe), found


@pytest.mark.proof
@pytest.mark.timeout(3000)
def test_ten_thousand_episodes_bring_no_unsafe_command() -> None:
    lives = courses(10_000, shielded=True, steps=12)
    assert unsafe(lives).total() == 0
    assert sum(life.late for life in lives) == 0
    assert sum(life.by_policy for life in lives) > 10_000
