"""The twins: how fast a greenhouse lives, beside the published environments in the same run."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from subprocess import run as run_program
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np

from benches.support.gl_gym import RELEASE
from benches.support.servers import Missing
from tests.support import coop
from tests.support.greenhouse import STEP_S, controls, outdoor
from tests.support.piloted import asked_of, shipped
from tokkatot.cli.bench import Report
from tokkatot.climate.control.dials import GREENHOUSE_DIALS
from tokkatot.climate.control.held import HeldRules
from tokkatot.climate.control.shield import Moment
from tokkatot.climate.control.twins import HeldTwin
from tokkatot.climate.env.batches import Tomatoes
from tokkatot.climate.env.draws import Seasons, TomatoDraw
from tokkatot.climate.env.many import ManyHouses
from tokkatot.climate.kernel import (
    Records,
    advance_coops,
    advance_greenhouses,
    live_in_greenhouse,
    record_type,
    records,
)
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import Ledger, State
from tokkatot.climate.physics.greenhouse.step import SUBSTEPS
from tokkatot.climate.physics.poultry import model as coop_model
from tokkatot.climate.physics.poultry.bedding import with_litter
from tokkatot.climate.physics.poultry.houses import day_old, tunnel_house
from tokkatot.climate.plan import Learning, Plan, WeatherFile
from tokkatot.climate.weather.series import WeatherSeries
from tokkatot.domain.houses import SetPoints
from tokkatot.pilot.cockpit import Cockpit
from tokkatot.wire.autopilot import EVERY_S

HOUSES = 64
ROUNDS = 200
DECISIONS = 960
WARM = SetPoints(temperature_min_c=27.0, temperature_max_c=33.0, temperature_hard_max_c=38.0)
"""What people may want for such a flock."""
LEARNED = 2_000_000
SEASON = 60 * 96
LONGEST_S = 300

GL_GYM_FOLDER = "TOKKATOT_BENCH_GL_GYM"
LETTUCE_GYM_FOLDER = "TOKKATOT_BENCH_LETTUCE_GYM"

_RIVAL = """
import time, gymnasium, {package}
env = gymnasium.make("{name}")
env.reset(seed=1)
env.action_space.seed(1)
actions = [env.action_space.sample() for _ in range({steps})]
for action in actions[:20]:
    env.step(action)
start = time.process_time()
for action in actions[20:]:
    env.step(action)
print(({steps} - 20) / (time.process_time() - start))
"""


def _houses() -> float:
    states, ledgers = records([State()] * HOUSES), records([Ledger()] * HOUSES)
    parameters = records([bleiswijk_led()] * HOUSES)
    moved = [records([controls(step + h) for h in range(HOUSES)]) for step in range(96)]
    sky = [records([outdoor(step + h) for h in range(HOUSES)]) for step in range(96)]

    def live(rounds: int) -> float:
        start_s = process_time()
        for step in range(rounds):
            advance_greenhouses(
                states, moved[step % 96], sky[step % 96], parameters, ledgers, STEP_S, SUBSTEPS
            )
        return process_time() - start_s

    live(2)  # compiles
    return HOUSES * ROUNDS / live(ROUNDS)


def _season() -> float:
    moved, sky = _rows(SEASON)

    def live(steps: int) -> float:
        trace = np.empty(steps, record_type(State))
        start_s = process_time()
        live_in_greenhouse(
            records([State()]),
            moved[:steps],
            sky[:steps],
            records([bleiswijk_led()]),
            records([Ledger()]),
            trace,
            STEP_S,
            SUBSTEPS,
        )
        return process_time() - start_s

    live(2)  # compiles
    return live(SEASON)


def _coops() -> float:
    states, ledgers = records([day_old(20_000)] * HOUSES), records([coop_model.Ledger()] * HOUSES)
    parameters = records([tunnel_house()] * HOUSES)
    moved = [records([coop.controls(step + h) for h in range(HOUSES)]) for step in range(96)]
    sky = [records([coop.outdoor(step + h) for h in range(HOUSES)]) for step in range(96)]

    def live(rounds: int) -> float:
        start_s = process_time()
        for step in range(rounds):
            advance_coops(states, moved[step % 96], sky[step % 96], parameters, ledgers, STEP_S)
        return process_time() - start_s

    live(2)  # compiles
    return HOUSES * ROUNDS / live(ROUNDS)


def _learned_in() -> float:
    """Return the steps of a learner's greenhouses: rules, physics, what is seen and paid."""
    sky = WeatherSeries(period_s=STEP_S, moments=[outdoor(step) for step in range(10 * 96)])
    draw = TomatoDraw(seasons=Seasons(weathers=[sky], days=5), unsure=0.1)
    chance = np.random.default_rng(1)
    many = ManyHouses(Tomatoes(draw, HOUSES), chance)
    many.reset(staggered=True)
    actions = chance.uniform(-1.0, 1.0, (ROUNDS, HOUSES, len(GREENHOUSE_DIALS)))
    many.step(actions[0])  # compiles
    start_s = process_time()
    for action in actions:
        many.step(action)
    return HOUSES * ROUNDS / (process_time() - start_s)


def _learned() -> float:
    """Return the seconds on the wall of two million decisions learned from, on two cores."""
    if find_spec("torch") is None or find_spec("stable_baselines3") is None:
        raise Missing("the extra train: pip install 'tokkatot[train]'")
    # Here, since it needs what only the extra brings.
    from tokkatot.climate.train.learning import Learner  # noqa: PLC0415

    sky = WeatherSeries(period_s=STEP_S, moments=[outdoor(step) for step in range(61 * 96)])
    plan = Plan(
        name="bench",
        house="greenhouse",
        days=60.0,
        seed=1,
        unsure=0.1,
        learn_from=(WeatherFile(file="by formula", form="csv"),),
        learning=Learning(steps=LEARNED, houses=HOUSES, batch=2048, layers=(64, 64), threads=2),
    )
    learner = Learner(plan, [sky])
    with TemporaryDirectory() as run:
        start_s = perf_counter()
        learner.learn(Path(run), lambda _done, _total: None)
        return perf_counter() - start_s


def _piloted() -> float:
    """Return the slowest answer in a hundred of what decides on a hub, in milliseconds.

    That is the whole of it: the shipped policy's own answer, its shield and its twin, over days
    and nights of a flock of two weeks whose air is shut off by night.
    """
    policy, cockpit, took_s = shipped(), Cockpit(), []
    flock = coop_model.State(birds=14_000, age_d=14.0, bird_kg=0.45, air_c=28.0, mass_c=28.0)
    house = HeldTwin(with_litter(flock, tunnel_house()), tunnel_house())
    for step in range(DECISIONS):
        sky = coop.outdoor(step // 3)
        moment = Moment(outdoor=sky, hour=step / 12 % 24)
        asked = asked_of(house, WARM, moment, step * EVERY_S, policy)
        start_s = process_time()
        decided = cockpit.decide(asked)
        took_s.append(process_time() - start_s)
        rules = HeldRules(points=WARM, shift_k=decided.shift_k, fan_share=decided.fan_share)
        house.live(rules, moment, EVERY_S)
    return 1000 * sorted(took_s)[DECISIONS * 99 // 100]


def _rows(steps: int) -> tuple[Records, Records]:
    return records([controls(step) for step in range(steps)]), records(
        [outdoor(step) for step in range(steps)]
    )


def _gl_gym() -> float:
    return _rival(GL_GYM_FOLDER, RELEASE, "gl_gym", "gl_gym/GreenLightTomato-v0", steps=1020)


def _lettuce_gym() -> float:
    package = "lettuce_greenhouse_gym"
    name = "lettuce-greenhouse-gym"
    return _rival(LETTUCE_GYM_FOLDER, name, package, "LettuceGreenhouse-v0", steps=1900)


def _rival(variable: str, name: str, package: str, environment: str, *, steps: int) -> float:
    folder = os.environ.get(variable)  # noqa: TID251 - where a person has installed it
    program = Path(folder or "") / "bin" / "python"
    if not folder or not _imports(program, package):
        raise Missing(
            f"{name}: `pip install {name}` in a virtual environment that {variable} names"
        )
    code = _RIVAL.format(package=package, name=environment, steps=steps)
    done = run_program(
        (program, "-c", code), capture_output=True, text=True, check=True, timeout=LONGEST_S
    )
    return float(done.stdout.split()[-1])


def _imports(program: Path, package: str) -> bool:
    """Tell whether a Python is there and has a package."""
    command = (program, "-c", f"import {package}")
    try:
        done = run_program(command, capture_output=True, check=False, timeout=LONGEST_S)
    except OSError:
        return False
    return done.returncode == 0


MEASURES: Mapping[str, tuple[Callable[[], float], str]] = {
    "env_steps_per_cpu_s": (_houses, "1/s"),
    "season_60d_cpu_s": (_season, "s"),
    "coop_steps_per_cpu_s": (_coops, "1/s"),
    "learner_steps_per_cpu_s": (_learned_in, "1/s"),
    "ppo_2m_steps_s": (_learned, "s"),
    "shielded_policy_p99_ms": (_piloted, "ms"),
    "gl_gym_steps_per_cpu_s": (_gl_gym, "1/s"),
    "lettuce_gym_steps_per_cpu_s": (_lettuce_gym, "1/s"),
}
FIGURES = tuple(MEASURES)


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what is not installed is left out and told."""
    for figure in figures:
        measure, unit = MEASURES[figure]
        try:
            report(figure, measure(), unit)
        except Missing as missing:
            print(f"{figure}: left out; it needs {missing}", file=sys.stderr, flush=True)
