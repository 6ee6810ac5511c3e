"""A farm's weather as a file, and plans to learn and judge on it."""

from pathlib import Path

from tests.support import coop
from tokkatot.climate.physics.air import magnus_pa

LEARNING = """
[learning]
steps = 768
houses = 4
horizon = 32
batch = 64
epochs = 2
layers = [8]
threads = 1
checkpoints = 3
"""

EVOLUTION = """
[evolution]
generations = 7
candidates = 6
seasons = 1
kept_seasons = 1
spread = 0.1
checkpoints = 3
"""

JUDGING = """
[judging]
seasons = 2
candidates = 6
rounds = 2
ahead_steps = 4
plans = 6
plan_rounds = 2
"""


def write_weather(path: Path, days: int) -> Path:
    """Write days by the Mekong as named columns, an hour each."""
    lines = ["time_s,radiation_w_m2,temperature_c,humidity_pct,wind_m_s"]
    for hour in range(24 * days + 1):
        w = coop.outdoor(4 * hour)
        humidity = 100.0 * w.vapour_pa / magnus_pa(w.temperature_c)
        cells = (3600.0 * hour, w.radiation_w_m2, w.temperature_c, humidity, w.wind_m_s)
        lines.append(",".join(f"{cell:.6f}" for cell in cells))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_plan(
    folder: Path, house: str = "tunnel", *, more: str = "", learning: str = LEARNING
) -> Path:
    """Write a plan beside its weather: one day learned from, another judged on."""
    write_weather(folder / "known.csv", 3)
    write_weather(folder / "unseen.csv", 4)
    path = folder / "plan.toml"
    path.write_text(
        f'name = "small"\nhouse = "{house}"\ndays = 1\nseed = 3\nunsure = 0.1\n'
        'learn_from = [{ file = "known.csv", form = "csv" }]\n'
        'judge_on = [{ file = "unseen.csv", form = "csv" }]\n' + more + learning + JUDGING
    )
    return path
