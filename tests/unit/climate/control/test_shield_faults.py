"""Many episodes with broken policies, sensors and twins, with the shield and without."""

from collections import Counter
from dataclasses import replace
from random import Random  # noqa: TID251 - seeded

import pytest

from tests.support.tampering import Course, Gas, Policy, Sensor, Sky, Unsafe, drawn, lived
from tokkatot.climate.control.shield import Outlook
from tokkatot.climate.control.twins import HeldAhead

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
    lives = courses(120, shielded=True, steps=8)
    assert unsafe(lives).total() == 0
    assert sum(life.late for life in lives) == 0
    # It would be no wonder, were the policy never let through.
    assert sum(life.by_policy for life in lives) > 100


@pytest.mark.parametrize("seed", [78, 7594, 8596, 9055, 9197])
def test_what_once_brought_harm_does_not_again(seed: int) -> None:
    # Houses far beyond their limits, and one a tenth of a kelvin from where its air is shut off.
    chance = Random(seed)
    assert lived(drawn(chance), chance, steps=12, shielded=True).unsafe.total() == 0


def stifled() -> list[Course]:
    """Return what becomes of houses under a hub's rules with a policy that wants no air."""
    lives = []
    for seed in range(40):
        chance = Random(seed)
        episode = drawn(chance)
        if episode.points is not None:
            sound = replace(
                episode,
                policy=Policy.STIFLING,
                sensor=Sensor.SOUND,
                sky=Sky.SOUND,
                co2=Gas.SOUND,
                is_long=True,
            )
            lives.append(lived(sound, chance, steps=12, shielded=True))
    return lives


def test_without_its_twin_s_foresight_a_hub_s_flocks_come_to_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shielded = stifled()
    assert unsafe(shielded).total() == 0
    assert sum(life.by_policy for life in shielded) > 100
    monkeypatch.setattr(HeldAhead, "of", lambda *_: Outlook(strain=-1.0))
    found = unsafe(stifled())
    assert found[Unsafe.HARM] > 10
    assert found[Unsafe.AIRLESS] > 10


@pytest.mark.parametrize("seed", [30, 69, 147, 197, 293])
def test_wrong_instruments_of_gases_let_no_policy_stifle_a_flock(seed: int) -> None:
    chance = Random(seed)
    stifling = replace(
        drawn(chance),
        policy=Policy.STIFLING,
        sensor=Sensor.SOUND,
        sky=Sky.SOUND,
        co2=Gas.LOW if seed % 2 else Gas.FROZEN,
        is_long=True,
    )
    assert lived(stifling, chance, steps=12, shielded=True).unsafe.total() == 0


def test_without_it_commands_of_every_kind_are_unsafe() -> None:
    found = unsafe(courses(200, shielded=False, steps=8))
    assert all(found[kind] > 0 for kind in Unsafe), found


@pytest.mark.proof
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("shielded", [True, False], ids=["behind the shield", "without it"])
def test_ten_thousand_episodes_bring_no_unsafe_command(
    capsys: pytest.CaptureFixture[str], *, shielded: bool
) -> None:
    lives = courses(10_000, shielded=shielded, steps=12)
    found, decisions = unsafe(lives), sum(life.decisions for life in lives)
    kinds = {kind.name: found[kind] for kind in Unsafe}
    taken, episodes = (
        sum(life.by_policy for life in lives),
        sum(life.unsafe.total() > 0 for life in lives),
    )
    with capsys.disabled():
        told = f"\n{kinds} in {episodes} episodes, {taken} of {decisions} decisions a policy's"
        print(told)  # noqa: T201 - the figures of the docs
    if shielded:
        assert found.total() == 0
        assert sum(life.late for life in lives) == 0
        assert taken > 10_000
    else:
        assert all(found[kind] > 100 for kind in Unsafe)
