"""The published tomato benchmark: what our policy, our rules and its own earn inside it."""

import os
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from benches.support.gl_gym import FOLDER, JUDGED, RELEASE, Came, GlGym, banded, gl_gym, learned
from tokkatot.cli.bench import Report
from tokkatot.climate.control.tomato_benchmark import FOUND
from tokkatot.climate.policy.card import find_policy
from tokkatot.climate.policy.running import Policy

_SEASONS = {
    f"{who}_{year}{'_lamps_off' if locked else ''}": (who, year, locked)
    for who, locked, year in product(("learned", "found", "rules"), (False, True), JUDGED)
}
UNITS = {"eur_m2": "EUR/m2", "penalty": "1"}
FIGURES = tuple(f"{season}_{name}" for season, name in product(_SEASONS, UNITS))


def run(figures: Sequence[str], report: Report) -> None:
    """Live through the seasons that are asked for, each once."""
    folder = os.environ.get(FOLDER)  # noqa: TID251 - where a person wants it
    if folder is None:
        print(f"left out; it needs a folder for {RELEASE}, named by {FOLDER}", file=sys.stderr)
        return
    with gl_gym(Path(folder)) as gym:
        for season in _SEASONS:
            asked = [name for name in UNITS if f"{season}_{name}" in figures]
            if asked:
                came = lived(gym, season)
                told = {"eur_m2": came.profit_eur_m2, "penalty": came.penalty}
                for name in asked:
                    report(f"{season}_{name}", told[name], UNITS[name])


def lived(gym: GlGym, season: str) -> Came:
    """Return what came of a season of that name."""
    who, year, locked = _SEASONS[season]
    if who == "rules":
        return gym.ruled(year, locked=locked)
    if who == "learned":
        policy = Policy.load(find_policy(Path("tomato_benchmark")))
        return gym.steered(learned(policy), year, locked=locked)
    return gym.steered(banded(FOUND), year, locked=locked)
