"""Both ends of the line between this project and gl-gym, each beside a stand-in for the other."""

import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benches import gl_gym as bench
from benches.support import gl_gym, gl_gym_side
from tests.support import policies
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.control.tomato_benchmark import TOMATO_SEEN
from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_mg_m3, magnus_pa
from tokkatot.climate.physics.greenhouse.model import State
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.policy.card import House, find_policy, inputs_of
from tokkatot.climate.policy.running import Policy
from tokkatot.climate.weather.files import read_columns

SEEN = {
    "BasicCropObservations": [18.5, 60_000.0, 3100.0],
    "ControlObservations": [0.5] * 6,
    "IndoorClimateObservations": [600.0, 19.0, 81.0, 35.0],
    "WeatherObservations": [250.0, 8.0, 77.0, 400.0, 4.5],
    "TimeObservations": [0.0, 1.0, 0.0, 1.0],
}
ROW = [120.0, 7.5, 850.0, 762.0, 4.5, -6.0, 5.5]

ANSWERS = f"""
import json, sys
seen, moved, steps = {SEEN!r}, [], 0
for line in sys.stdin:
    asked = json.loads(line)
    print(line, end="", file=open(sys.argv[0] + ".asked", "a"))
    if asked["ask"] == "weather":
        told = {{"rows": [{ROW!r}] * 96 * asked["days"]}}
    else:
        if asked["ask"] == "begin":
            moved = [0.5, 0.5, 0.5, 0.5, 0.0 if asked["locked"] else 0.5, 0.5]
        elif asked["ask"] == "step":
            steps += 1
            moved = [min(max(u + 0.1 * a, 0), 1) for u, a in zip(moved, asked["action"])]
        totals = {{"profit": 1.5 if asked["ask"] == "ruled" else 4.25, "penalty": 7.0}}
        seen["ControlObservations"] = moved
        told = {{"seen": seen, "over": steps == 3, "totals": totals}}
    print(json.dumps(told), flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder whose Python has that release, and whatever it runs answers as it would."""
    (tmp_path / "answers.py").write_text(ANSWERS)
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ncase "$*" in *importlib.metadata*) echo gl-gym==0.3.2; exit ;; esac\n'
        f'exec "{sys.executable}" "{tmp_path / "answers.py"}"\n'
    )
    program.chmod(0o755)
    return tmp_path


def asked(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "answers.py.asked").read_text().splitlines()]


def wants(*values: float) -> gl_gym.Wish:
    """Return the wish of a policy for the actuators at these values, whatever it sees."""
    fields = inputs_of(House.TOMATO_BENCHMARK)
    file = policies.model([[0.0] * 6] * len(fields), values)
    return gl_gym.learned(Policy(policies.card(file, House.TOMATO_BENCHMARK), file))


def test_a_policy_moves_each_actuator_as_far_as_a_step_goes(folder: Path) -> None:
    with gl_gym.gl_gym(folder) as gym:
        came = gym.steered(wants(0.5, 0.0, 0.57, 1.0, 0.0, 0.35), 2011, locked=False)
    assert came == (4.25, 7.0)
    begun, *steps = asked(folder)
    assert begun == {"ask": "begin", "year": 2011, "locked": False}
    moves = [step["action"] for step in steps]
    assert moves[0] == pytest.approx([0.0, -1.0, 0.7, 1.0, -1.0, -1.0], abs=1e-6)
    assert moves[1] == pytest.approx([0.0, -1.0, 0.0, 1.0, -1.0, -0.5], abs=1e-6)
    assert len(moves) == 3


def test_locked_lamps_are_off_from_the_beginning(folder: Path) -> None:
    with gl_gym.gl_gym(folder) as gym:
        gym.steered(wants(0.5, 0.5, 0.5, 0.5, 0.0, 0.5), 2010, locked=True)
    assert asked(folder)[0]["locked"] is True
    assert [step["action"][4] for step in asked(folder)[1:]] == [0.0, 0.0, 0.0]


def test_rules_by_bands_look_at_what_it_shows() -> None:
    rules = TomatoRules(day_c=21.0, lamps_off_w_m2=200.0)
    wanted = gl_gym.banded(rules)(gl_gym.seen_there(SEEN), 12.0, [0.5] * 6)
    air = State(
        air_c=19.0, air_pa=0.81 * magnus_pa(19.0), air_mg_m3=co2_mg_m3(600.0, 19.0, SEA_LEVEL_PA)
    )
    day = Outdoor(
        radiation_w_m2=250.0, temperature_c=8.0, vapour_pa=0.0, co2_mg_m3=0.0, wind_m_s=4.5,
        sky_c=0.0, ground_c=0.0,
    )  # fmt: skip
    expected = steer_tomatoes(air, day, 12.0, rules)
    assert wanted == pytest.approx(
        [
            expected.heating,
            expected.co2,
            expected.thermal_screen,
            expected.roof_vents,
            0.0,
            0.0,
        ]
    )
    assert expected.heating > 0.9
    assert expected.co2 > 0.9


def test_what_it_shows_is_told_to_a_policy_by_name() -> None:
    told = gl_gym.seen_there(SEEN)
    assert dict(zip((field.name for field in TOMATO_SEEN), told, strict=True)) == {
        "canopy_day_c": 18.5, "fruit_g_m2": 60.0, "canopy_sum_c_d": 3100.0, "co2_ppm": 600.0,
        "air_c": 19.0, "humidity_pct": 81.0, "pipe_c": 35.0, "radiation_w_m2": 250.0,
        "outdoor_c": 8.0, "outdoor_humidity_pct": 77.0, "wind_m_s": 4.5,
    }  # fmt: skip


def test_its_weather_is_written_as_columns_that_are_read_back(folder: Path) -> None:
    with gl_gym.gl_gym(folder) as gym:
        gym.weather(2009, 29, 2, folder / "out.csv")
    with (folder / "out.csv").open() as lines:
        series = read_columns(lines)
    assert (series.period_s, len(series.moments)) == (900.0, 192)
    radiation, temperature, vapour, co2, wind, sky, ground = ROW
    moment = series.at(900.0 * 100)
    assert (moment.radiation_w_m2, moment.temperature_c) == (radiation, temperature)
    assert (moment.vapour_pa, moment.co2_mg_m3) == pytest.approx((vapour, co2), rel=1e-9)
    assert (moment.wind_m_s, moment.sky_c, moment.ground_c) == (wind, sky, ground)


def test_its_environment_is_made_where_the_folder_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def create(folder: Path, *, with_pip: bool) -> None:
        assert with_pip
        made.append(folder)
        python(folder)

    monkeypatch.setattr("venv.create", create)
    with gl_gym.gl_gym(tmp_path / "new"):
        pass
    assert made == [tmp_path / "new"]
    assert installed_into(tmp_path / "new") == ["gl-gym==0.3.2"]


@pytest.mark.parametrize(
    ("says", "makes"),
    [
        # Neither was finished; the last has another release.
        ("exit 1", True),
        ('case "$*" in *pip.__name__*) echo pip ;; *importlib*) exit 1 ;; esac', False),
        ('case "$*" in *pip.__name__*) echo pip ;; *importlib*) echo gl-gym==0.2 ;; esac', False),
    ],
)
def test_an_environment_without_that_release_gets_it(
    says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, makes: bool
) -> None:
    made: list[Path] = []
    monkeypatch.setattr("venv.create", lambda folder, **_: made.append(folder))
    python(tmp_path, f'case "$*" in *-c*) {says} ;; esac\n')
    with gl_gym.gl_gym(tmp_path):
        pass
    assert installed_into(tmp_path) == ["gl-gym==0.3.2"]
    assert bool(made) == makes


def test_an_environment_with_that_release_is_left_alone(folder: Path) -> None:
    with gl_gym.gl_gym(folder) as gym:
        gym.ruled(2010, locked=False)
    # Pip would have been asked of the same stand-in, which would have noted it.
    assert len(asked(folder)) == 1


def python(folder: Path, says: str = "") -> None:
    """Write a Python that notes what it is asked to run."""
    program = folder / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\necho "$@" >> "$0.ran"\n{says}\n')
    program.chmod(0o755)


def installed_into(folder: Path) -> list[str]:
    ran = (folder / "bin/python.ran").read_text().splitlines()
    return [line.split()[-1] for line in ran if line.startswith("-m pip install --quiet")]


def test_figures_that_are_asked_for_are_measured_and_without_a_folder_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[str, float, str]] = []
    monkeypatch.delenv(gl_gym.FOLDER, raising=False)
    bench.run(bench.FIGURES, lambda *row: told.append(row))
    assert told == []
    assert "gl-gym==0.3.2" in capsys.readouterr().err
    monkeypatch.setenv(gl_gym.FOLDER, str(folder))
    chosen = ["found_2011_lamps_off_eur_m2", "rules_2010_eur_m2", "rules_2010_penalty"]
    bench.run(chosen, lambda *row: told.append(row))
    assert told == [
        ("found_2011_lamps_off_eur_m2", 4.25, "EUR/m2"),
        ("rules_2010_eur_m2", 1.5, "EUR/m2"),
        ("rules_2010_penalty", 7.0, "1"),
    ]
    begun, *steps, ruled = asked(folder)
    assert begun == {"ask": "begin", "year": 2011, "locked": True}
    assert len(steps) == 3
    assert ruled == {"ask": "ruled", "year": 2010, "locked": False}


def test_the_shipped_policy_steers_where_its_figure_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, float, str]] = []
    monkeypatch.setenv(gl_gym.FOLDER, str(folder))
    bench.run(["learned_2011_eur_m2"], lambda *row: told.append(row))
    assert told == [("learned_2011_eur_m2", 4.25, "EUR/m2")]
    begun, first, *_ = asked(folder)
    assert begun == {"ask": "begin", "year": 2011, "locked": False}
    policy = Policy.load(find_policy(Path("tomato_benchmark")))
    wish = gl_gym.learned(policy)(gl_gym.seen_there(SEEN), 0.0, [0.5] * 6)
    moved = np.clip((np.array(wish) - 0.5) / 0.1, -1.0, 1.0)
    assert first["action"] == pytest.approx(moved.tolist())


class Glasshouse:
    """Stands in for gl-gym's environment: two steps, and it knows what it was asked."""

    def __init__(self, name: str, **made: Any) -> None:
        assert name == "gl_gym/GreenLightTomato-v0"
        self.made = made
        self.actions: list[list[float]] = []
        self.weather_data = np.array([[*ROW, 7.0, 0.0, 0.0]] * 500)
        self.timestep = self.dt = self.Np = self.x_prev = self.x = self.u = self.p = 0
        self.hour_of_day = self.day_of_year = 0

    @property
    def unwrapped(self) -> "Glasshouse":
        return self

    def reset(self, *, seed: int, options: dict[str, Any]) -> tuple[dict[str, list[float]], Any]:
        self.scenario = (seed, options["scenario"])
        return SEEN, {}

    def step(self, action: Any) -> tuple[dict[str, list[float]], float, bool, bool, Any]:
        self.actions.append(list(action))
        told = dict.fromkeys(gl_gym_side.TOTALLED, 0.5)
        return SEEN, 0.0, len(self.actions) == 2, False, told


@pytest.fixture
def glasshouses(monkeypatch: pytest.MonkeyPatch) -> list[Glasshouse]:
    """Stand in for gl-gym's modules; return the environments as they are made."""
    made: list[Glasshouse] = []

    def make(name: str, **how: Any) -> Glasshouse:
        made.append(Glasshouse(name, **how))
        return made[-1]

    class Rules:
        def __init__(self, **_set_points: float) -> None:
            pass

        def predict(self, _now: object) -> Any:
            return np.array([0.9, 0.1, 0.8, 0.2, 1.0, 1.0])

    modules: dict[str, dict[str, Any]] = {
        "gl_gym": {},
        "gymnasium": {"make": make},
        "gl_gym.components.rule_based": {"RuleBasedController": Rules},
        "gl_gym.core.types": {"StepContext": dict},
    }
    for name, parts in modules.items():
        module = ModuleType(name)
        vars(module).update(parts)
        monkeypatch.setitem(sys.modules, name, module)
    return made


def answers(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    told = io.StringIO()
    gl_gym_side.serve(io.StringIO("".join(json.dumps(line) + "\n" for line in lines)), told)
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_the_other_side_moves_what_is_not_locked_and_adds_up_the_money(
    glasshouses: list[Glasshouse],
) -> None:
    action = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    step = {"ask": "step", "action": action}
    told = answers({"ask": "begin", "year": 2011, "locked": True}, step, step)
    (house,) = glasshouses
    assert house.scenario[1] == {"location": "Amsterdam", "growth_year": 2011, "start_day": 59}
    assert house.made == {
        "controlled_inputs": ["uBoil", "uCO2", "uThScr", "uVent", "uBlScr"],
        "normalize_actions": True,
    }
    assert house.actions[0] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.6])
    assert [one["over"] for one in told] == [False, False, True]
    assert told[-1]["totals"]["profit"] == 1.0
    assert told[-1]["seen"] == SEEN


def test_the_other_sides_own_rules_move_actuators_at_once_and_leave_locked_lamps_alone(
    glasshouses: list[Glasshouse],
) -> None:
    told = answers(*({"ask": "ruled", "year": 2010, "locked": locked} for locked in (False, True)))
    free, locked = glasshouses
    assert free.actions[0] == pytest.approx([0.9, 0.1, 0.8, 0.2, 1.0, 1.0])
    assert locked.actions[0] == pytest.approx([0.9, 0.1, 0.8, 0.2, 0.0])
    assert told[0]["totals"]["penalty"] == 1.0


def test_the_other_side_tells_the_weather_that_its_greenhouse_lives_in(
    glasshouses: list[Glasshouse],
) -> None:
    (told,) = answers({"ask": "weather", "year": 2008, "first_day": 29, "days": 2})
    assert told["rows"] == [ROW] * 192
    assert glasshouses[0].scenario[1]["start_day"] == 29
