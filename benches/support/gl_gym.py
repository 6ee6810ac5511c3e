"""Speaks with gl-gym, which runs in a process and a virtual environment of its own.

gl-gym is under the AGPL: nothing of it is loaded here, and the environment is made where a person
names a folder for it.
"""

import json
import sys
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from subprocess import run as run_program
from threading import Timer
from typing import Any, NamedTuple

import numpy as np

from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.control.tomato_benchmark import (
    BEGINS_AT,
    SLOWNESS,
    TOMATO_DIALS,
    TOMATO_SEEN,
)
from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_mg_m3, co2_ppm, magnus_pa
from tokkatot.climate.physics.greenhouse.model import State
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.policy.card import House, named
from tokkatot.climate.policy.running import Policy

RELEASE = "gl-gym==0.3.2"
_WHICH = "from importlib.metadata import version; print('gl-gym==' + version('gl-gym'))"
FOLDER = "TOKKATOT_BENCH_GL_GYM"
INSTALLED_WITHIN_S = 600
ANSWERED_WITHIN_S = 300
SIDE = Path(__file__).with_name("gl_gym_side.py")

LEARNED = (2008, 2009, 2012)
LEARNED_FROM_DAY, LEARNED_DAYS = 29, 121
JUDGED = (2010, 2011)
JUDGED_FROM_DAY, JUDGED_DAYS = 59, 61
"""As the shipped plan has them; a day more than a season, for the last moment of it."""

WEATHER_COLUMNS = (
    "time_s", "radiation_w_m2", "temperature_c", "humidity_pct", "wind_m_s", "co2_ppm", "sky_c",
    "ground_c",
)  # fmt: skip

Answer = Mapping[str, Any]
Seen = tuple[float, ...]
Wish = Callable[[Seen, float, Sequence[float]], Sequence[float]]
"""Answers where the actuators should be to what is seen, the hour, and where they are."""


class Came(NamedTuple):
    """What a season in gl-gym's greenhouse came to."""

    profit_eur_m2: float
    penalty: float
    """Sum of its own penalties; 15 % of humidity over its limit for a quarter of an hour is one."""


class GlGym:
    """Asks a running gl-gym, line by line."""

    def __init__(self, process: Popen[str]) -> None:
        """Take the process, both of whose ends are lines."""
        self._process = process

    def ruled(self, year: int, *, locked: bool) -> Came:
        """Return what its own rule base makes of a season."""
        return _came(self._ask(ask="ruled", year=year, locked=locked))

    def steered(self, wish: Wish, year: int, *, locked: bool) -> Came:
        """Return what comes of a season in which the actuators creep towards a wish."""
        values = np.full(len(TOMATO_DIALS), BEGINS_AT)
        if locked:
            values[_LAMPS] = 0.0
        told = self._ask(ask="begin", year=year, locked=locked)
        step = 0
        while not told["over"]:
            wanted = wish(seen_there(told["seen"]), step / 4 % 24, values.tolist())
            action = np.clip((np.array(wanted) - values) / SLOWNESS, -1.0, 1.0)
            told = self._ask(ask="step", action=action.tolist())
            values = np.array(told["seen"]["ControlObservations"])
            step += 1
        return _came(told)

    def weather(self, year: int, first_day: int, days: int, out: Path) -> None:
        """Write its weather as named columns, a quarter of an hour each."""
        rows = self._ask(ask="weather", year=year, first_day=first_day, days=days)["rows"]
        lines = [",".join(WEATHER_COLUMNS)]
        lines += [
            ",".join(repr(cell) for cell in _columns(number, row))
            for number, row in enumerate(rows)
        ]
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def weathers(self, folder: Path) -> None:
        """Write the files that the shipped plan names."""
        for year in LEARNED:
            out = folder / f"amsterdam-{year}.csv"
            self.weather(year, LEARNED_FROM_DAY, LEARNED_DAYS, out)
        for year in JUDGED:
            self.weather(year, JUDGED_FROM_DAY, JUDGED_DAYS, folder / f"amsterdam-{year}.csv")

    def _ask(self, **what: object) -> Answer:
        asking, answers = self._process.stdin, self._process.stdout
        assert asking is not None
        assert answers is not None
        # What no longer answers ends, and with it the line that is waited for.
        late = Timer(ANSWERED_WITHIN_S, self._process.kill)
        late.start()
        try:
            asking.write(json.dumps(what) + "\n")
            asking.flush()
            answer: Answer = json.loads(answers.readline())
        finally:
            late.cancel()
        return answer


_LAMPS = [dial.name for dial in TOMATO_DIALS].index("lamps")


def learned(policy: Policy) -> Wish:
    """Return what a policy wishes."""
    return lambda seen, hour, values: policy.ask(named(House.TOMATO_BENCHMARK, seen, hour, values))


def banded(rules: TomatoRules) -> Wish:
    """Return what rules by bands wish, which look at air and weather alone."""
    names = [field.name for field in TOMATO_SEEN]

    def wish(seen: Seen, hour: float, _values: Sequence[float]) -> Sequence[float]:
        told = dict(zip(names, seen, strict=True))
        air_c = told["air_c"]
        state = State(
            air_c=air_c,
            air_pa=magnus_pa(air_c) * told["humidity_pct"] / 100.0,
            air_mg_m3=co2_mg_m3(told["co2_ppm"], air_c, SEA_LEVEL_PA),
        )
        outside = Outdoor(
            radiation_w_m2=told["radiation_w_m2"], temperature_c=told["outdoor_c"], vapour_pa=0.0,
            co2_mg_m3=0.0, wind_m_s=told["wind_m_s"], sky_c=0.0, ground_c=0.0,
        )  # fmt: skip
        wanted = steer_tomatoes(state, outside, hour, rules)
        return [float(getattr(wanted, dial.name)) for dial in TOMATO_DIALS]

    return wish


def seen_there(seen: Mapping[str, Sequence[float]]) -> Seen:
    """Return what gl-gym shows in the order of `TOMATO_SEEN`."""
    day_c, fruit_mg, sum_c_d = seen["BasicCropObservations"]
    ppm, air_c, humidity_pct, pipe_c = seen["IndoorClimateObservations"]
    radiation, outdoor_c, outdoor_pct, _, wind_m_s = seen["WeatherObservations"]
    return (
        day_c, 1e-3 * fruit_mg, sum_c_d, ppm, air_c, humidity_pct, pipe_c, radiation, outdoor_c,
        outdoor_pct, wind_m_s,
    )  # fmt: skip


@contextmanager
def gl_gym(folder: Path) -> Iterator[GlGym]:
    """Run it until the end of the block; where the folder has no such release, it is installed."""
    program = folder / "bin" / "python"
    if _says(program, _WHICH) != RELEASE:
        print(f"installing {RELEASE} into {folder}", file=sys.stderr, flush=True)
        if _says(program, "import pip; print(pip.__name__)") != "pip":
            venv.create(folder, with_pip=True)
        run_program(
            (program, "-m", "pip", "install", "--quiet", RELEASE),
            check=True, stdout=sys.stderr, timeout=INSTALLED_WITHIN_S,
        )  # fmt: skip
    # Isolated: it must find its own packages, and no module of ours.
    command = (program, "-I", SIDE)
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8") as process:
        try:
            yield GlGym(process)
        finally:
            process.kill()


def _says(program: Path, code: str) -> str:
    """Return what a Python says to some code; nothing where it fails, or is not there."""
    try:
        done = run_program(
            (program, "-I", "-c", code),
            check=False, capture_output=True, text=True, stdin=DEVNULL, timeout=ANSWERED_WITHIN_S,
        )  # fmt: skip
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _columns(number: int, row: Sequence[float]) -> Sequence[float]:
    radiation, air_c, vapour_pa, co2_mg_m3, wind_m_s, sky_c, ground_c = row
    return (
        900.0 * number, radiation, air_c, 100.0 * vapour_pa / magnus_pa(air_c), wind_m_s,
        co2_ppm(co2_mg_m3, air_c, SEA_LEVEL_PA), sky_c, ground_c,
    )  # fmt: skip


def _came(told: Answer) -> Came:
    return Came(told["totals"]["profit"], told["totals"]["penalty"])
