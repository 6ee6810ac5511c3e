"""How many times faster than the world a simulated farm lives, faults and checks included."""

from collections.abc import Callable
from time import perf_counter

from tokkatot.sim.run import simulate

SEEDS = (101, 102, 103)
DAYS = 0.25


def measure(say: Callable[[str], None]) -> float:
    """Return simulated seconds by real ones, on one core."""
    simulate(100, days=0.01)
    simulated_s = taken_s = 0.0
    for seed in SEEDS:
        began_s = perf_counter()
        outcome = simulate(seed, days=DAYS)
        taken_s += perf_counter() - began_s
        simulated_s += outcome.simulated_s
        say(
            f"seed {seed}: {outcome.simulated_s / 3600:.1f} h, {len(outcome.violations)} violations"
        )
    return simulated_s / taken_s
