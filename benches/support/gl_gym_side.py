"""Runs in gl-gym's own virtual environment and answers a line for a line, both JSON.

Nothing of this project is loaded here, and gl-gym is loaded nowhere else.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any, TextIO

import numpy as np

PLACE, FIRST_DAY = "Amsterdam", 59
STEPS_A_DAY = 96
LAMPS = "uLamp"
MOVED = ("uBoil", "uCO2", "uThScr", "uVent", LAMPS, "uBlScr")
TOTALLED = ("profit", "penalty", "revenue", "heat_cost", "elec_cost", "co2_cost")

RULES = {
    "lamps_on": 0, "lamps_off": 18, "lamps_day_start": -1, "lamps_day_stop": 366,
    "lamps_off_sun": 400, "lamp_rad_sum_limit": 10, "temp_setpoint_day": 19.5,
    "temp_setpoint_night": 16.5, "heat_correction": 0, "heat_deadzone": 5, "co2_day": 800,
    "vent_heat_Pband": 4, "rh_max": 85, "mech_dehumid_Pband": 2, "vent_rh_Pband": 5,
    "t_vent_off": 1, "vent_cold_Pband": -1, "thScrSpDay": 5, "thScrSpNight": 10, "thScrPband": -1,
    "thScrDeadZone": 4, "thScrRh": -2, "thScrRhPband": 2, "lampExtraHeat": 2, "blScrExtraRh": 100,
    "rhMax": 85, "tHeatBand": -1, "co2Band": -100, "useBlScr": 1,
}  # fmt: skip
"""Set-points of its rule base, as its description lists them."""

Answer = dict[str, Any]


class Season:
    """A season of its greenhouse, in the weather of one year."""

    def __init__(self, year: int, *, locked: bool, raw: bool = False) -> None:
        """Begin; where locked, nobody moves the lamps from where they are, which is off."""
        import_module("gl_gym")  # Gymnasium knows it from then on
        gymnasium: Any = import_module("gymnasium")
        moved = [name for name in MOVED if name != LAMPS or not locked]
        self.env: Any = gymnasium.make(
            "gl_gym/GreenLightTomato-v0", controlled_inputs=moved, normalize_actions=not raw
        )
        self._at = [MOVED.index(name) for name in moved]
        self.totals = dict.fromkeys(TOTALLED, 0.0)
        scenario = {"location": PLACE, "growth_year": year, "start_day": FIRST_DAY}
        seen, _ = self.env.reset(seed=0, options={"scenario": scenario})
        self.seen, self.over = seen, False

    def step(self, action: Any) -> None:
        """Take an action of all actuators, of which the locked one is left out."""
        asked = np.asarray(action, np.float32)[self._at]
        self.seen, _, over, cut, told = self.env.step(asked)
        self.over = bool(over or cut)
        for name in TOTALLED:
            self.totals[name] += float(told[name])

    def answer(self) -> Answer:
        """Return what is seen, and what the season has come to."""
        shown = {name: [float(value) for value in part] for name, part in self.seen.items()}
        return {"seen": shown, "over": self.over, "totals": self.totals}


def ruled(year: int, *, locked: bool) -> Answer:
    """Return what its own rule base makes of a season; the rules move actuators at once."""
    season = Season(year, locked=locked, raw=True)
    rules: Any = import_module("gl_gym.components.rule_based").RuleBasedController(**RULES)
    context: Any = import_module("gl_gym.core.types").StepContext
    inside = season.env.unwrapped
    while not season.over:
        now = context(
            t=inside.timestep, dt=inside.dt, Np=inside.Np, x_prev=inside.x_prev, x=inside.x,
            u=inside.u, p=inside.p, d=inside.weather_data, hour_of_day=inside.hour_of_day,
            day_of_year=inside.day_of_year,
        )  # fmt: skip
        wanted = rules.predict(now)
        if locked:
            # The blackout screen keeps lamplight in; dark it would only take the dawn.
            wanted[MOVED.index("uBlScr")] = 0.0
        season.step(wanted)
    return season.answer()


def weather(year: int, first_day: int, days: int) -> Answer:
    """Return the weather that its greenhouse lives in, a row a quarter of an hour."""
    import_module("gl_gym")
    gymnasium: Any = import_module("gymnasium")
    env = gymnasium.make("gl_gym/GreenLightTomato-v0", season_length=days)
    scenario = {"location": PLACE, "growth_year": year, "start_day": first_day}
    env.reset(seed=0, options={"scenario": scenario})
    return {"rows": env.unwrapped.weather_data[: days * STEPS_A_DAY, :7].tolist()}


def serve(asked: TextIO, answers: TextIO) -> None:
    """Answer until nobody asks any more."""
    season: Season | None = None
    for line in asked:
        what = json.loads(line)
        match what.pop("ask"):
            case "begin":
                season = Season(**what)
                told = season.answer()
            case "step":
                assert season is not None, "begin a season first"
                season.step(what["action"])
                told = season.answer()
            case "ruled":
                told = ruled(**what)
            case "weather":
                told = weather(**what)
            case other:
                raise ValueError(other)
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    # What gl-gym prints goes to standard error, away from the answers.
    with os.fdopen(os.dup(1), "w") as answering:
        os.dup2(2, 1)
        serve(sys.stdin, answering)
