"""Seeded randomness."""

from hypothesis import given
from hypothesis import strategies as st

from tokkatot.sim.chance import Chance, SmoothNoise

seeds = st.integers(0, 2**64 - 1)


def test_splitmix64_gives_the_published_sequence_of_seed_1234567() -> None:
    chance = Chance(1234567)
    drawn = [chance.uniform() for _ in range(3)]
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert drawn == [(number >> 11) / 2**53 for number in published]


@given(seeds)
def test_a_generator_taken_up_from_its_state_goes_on_alike(seed: int) -> None:
    first = Chance(seed)
    first.gauss()
    second = Chance(first.state)
    assert [first.uniform() for _ in range(5)] == [second.uniform() for _ in range(5)]


@given(seeds, st.floats(0, 4e9))
def test_smooth_noise_stays_within_one_and_hardly_moves_in_a_second(seed: int, t_s: float) -> None:
    noise = SmoothNoise(Chance(seed), (3600.0, 9000.0))
    assert -1.0 <= noise.at(t_s) <= 1.0
    assert abs(noise.at(t_s + 1.0) - noise.at(t_s)) < 0.002
