"""Episodes in which a policy, the sensors of a poultry house or its twin go wrong."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite, nan
from random import Random  # noqa: TID251 - seeded

from tests.support.coop import outdoor
from tokkatot.climate.control.coop import StageRules, steer_coop
from tokkatot.climate.control.dials import COOP_DIALS, positions, turned
from tokkatot.climate.control.shield import Climate, Moment, Readings, Shield
from tokkatot.climate.control.twins import CoopTwin
from tokkatot.climate.physics.poultry.airflow import incoming
from tokkatot.climate.physics.poultry.birds import comfort_c, stress_index_c
from tokkatot.climate.physics.poultry.houses import open_house, tunnel_house
from tokkatot.climate.physics.poultry.model import Ledger, Parameters, State
from tokkatot.climate.physics.poultry.step import advance

STEP_S = 300.0
BASE = StageRules()
HARD_OVER_K = 10.0
"""Over comfort, by the index: here grown birds begin to die within hours."""
HARD_UNDER_K = 8.0
HARD_CO2_PPM = 5000.0


class Policy(StrEnum):
    """How a policy behaves."""

    SANE = "stays near the rules"
    WILD = "draws anything"
    NUMBERLESS = "answers what is no number"
    SILENT = "gives no answer"
    STIFLING = "wants no air and much warmth"
    FREEZING = "wants all air for cold birds"
    SHORT = "answers too little"


class Sensor(StrEnum):
    """How the thermometer or its line goes wrong in the middle of an episode."""

    SOUND = "tells what is"
    MISSING = "is silent"
    NUMBERLESS = "tells what is no number"
    BEYOND = "tells what can't be"
    OLD = "tells what was long ago"
    JUMPING = "is off by much"
    FROZEN = "stands still"


class House(StrEnum):
    """How the house differs from its twin."""

    ALIKE = "not at all"
    WARMER = "its birds give off more"
    LEAKY = "its walls are thin"
    WEAK = "half of its fans have failed"


class Unsafe(StrEnum):
    """What makes a command unsafe, whoever gave it."""

    OUTSIDE = "a set-point is outside its ends or no number"
    LEAP = "a set-point leapt"
    AIRLESS = "the birds are left less air than they need to breathe"
    BLIND = "a set-point that nobody checked rests on a reading that can't be"
    HARM = "the flock was brought where the rules would not have brought it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """All that is drawn before it begins."""

    policy: Policy
    sensor: Sensor
    house: House
    parameters: Parameters
    state: State
    first: int
    """Step of the weather."""
    fault_at: int


def drawn(chance: Random) -> Episode:
    """Return an episode by chance."""
    open_sided = chance.random() < 0.4
    age = chance.uniform(3.0, 42.0)
    twin = open_house() if open_sided else tunnel_house()
    birds = chance.uniform(8.0, 14.0) * twin.floor_m2
    warm = chance.uniform(-2.0, 7.0)
    state = State(birds=birds, age_d=age, bird_kg=0.043 + 0.065 * age)
    state.air_c = comfort_c(age, twin) + warm
    state.mass_c = state.air_c
    return Episode(
        policy=chance.choice(list(Policy)),
        sensor=chance.choice(list(Sensor)),
        house=chance.choice(list(House)),
        parameters=twin,
        state=state,
        first=chance.randrange(96),
        fault_at=chance.randrange(3, 6),
    )


def _real(episode: Episode) -> Parameters:
    twin = episode.parameters
    match episode.house:
        case House.ALIKE:
            return twin
        case House.WARMER:
            return replace(twin, heat_total=1.15, heat_sensible=1.1)
        case House.LEAKY:
            return replace(twin, wall_w_m2_k=1.5 * twin.wall_w_m2_k, leak_m2=2.0 * twin.leak_m2)
        case House.WEAK:
            return replace(twin, fan_m3_s=0.5 * twin.fan_m3_s)


def _asked(policy: Policy, chance: Random) -> Sequence[float] | None:
    middle = positions(BASE, COOP_DIALS)
    match policy:
        case Policy.SANE:
            return [
                value + chance.uniform(-0.3, 0.3) * dial.step
                for value, dial in zip(middle, COOP_DIALS, strict=True)
            ]
        case Policy.WILD:
            return [
                dial.low + chance.uniform(-2.0, 3.0) * (dial.high - dial.low) for dial in COOP_DIALS
            ]
        case Policy.NUMBERLESS:
            return [nan if chance.random() < 0.3 else value for value in middle]
        case Policy.SILENT:
            return None
        case Policy.STIFLING:
            return [6.0, 15.0, 0.0, 20.0, 20.0, 20.0]
        case Policy.FREEZING:
            return [-15.0, 0.5, 5e-3, -20.0, -20.0, -20.0]
        case Policy.SHORT:
            return middle[:3]


def _measured(sensor: Sensor, truth: Climate, frozen: Climate, chance: Random) -> Readings:
    air_c = truth.air_c + chance.gauss(0.0, 0.1)
    humidity_pct = min(max(truth.humidity_pct + chance.gauss(0.0, 1.0), 1.0), 100.0)
    sound = Readings(air_c=air_c, humidity_pct=humidity_pct, co2_ppm=truth.co2_ppm, age_s=20.0)
    match sensor:
        case Sensor.SOUND:
            return sound
        case Sensor.MISSING:
            return replace(sound, air_c=None)
        case Sensor.NUMBERLESS:
            return replace(sound, air_c=nan)
        case Sensor.BEYOND:
            return replace(sound, humidity_pct=104.0, air_c=85.0)
        case Sensor.OLD:
            return replace(sound, age_s=1800.0)
        case Sensor.JUMPING:
            return replace(sound, air_c=air_c - 8.0)
        case Sensor.FROZEN:
            return replace(sound, air_c=frozen.air_c)


UNBELIEVABLE = {Sensor.MISSING, Sensor.NUMBERLESS, Sensor.BEYOND, Sensor.OLD}


def _excess(s: State, rules: StageRules, moment: Moment, p: Parameters) -> float:
    speed = incoming(s, steer_coop(s, moment.hour, rules, p), moment.outdoor, p).speed_m_s
    wanted_c = comfort_c(s.age_d, p)
    return max(
        stress_index_c(s.air_c, s.vapour_kg_m3, speed) - wanted_c - HARD_OVER_K,
        wanted_c - HARD_UNDER_K - s.air_c,
        (CoopTwin(s, p).shown().co2_ppm - HARD_CO2_PPM) / 500.0,
    )


@dataclass(slots=True, kw_only=True)
class Course:
    """What came of an episode."""

    unsafe: Counter[Unsafe]
    decisions: int = 0
    by_policy: int = 0
    """Decisions in which the policy's own set-points were in force."""
    late: int = 0
    """Decisions in which a reading could not be believed and the rules were not in force."""


def lived(episode: Episode, chance: Random, *, steps: int, shielded: bool) -> Course:
    """Return what happens in the real house, whatever its twin believes."""
    course, real = Course(unsafe=Counter()), _real(episode)
    state = replace(episode.state)
    twin = CoopTwin(replace(episode.state), episode.parameters)
    shield = Shield(BASE, COOP_DIALS, twin, step_s=STEP_S, settle=1)
    before = positions(BASE, COOP_DIALS)
    frozen = CoopTwin(state, real).shown()
    for step in range(steps):
        moment = Moment(
            outdoor=outdoor(episode.first + step // 3),
            hour=((episode.first + step / 3) / 4) % 24,
        )
        sensor = episode.sensor if step >= episode.fault_at else Sensor.SOUND
        truth = CoopTwin(state, real).shown()
        readings = _measured(sensor, truth, frozen, chance)
        asked = _asked(episode.policy, chance)
        rules = _unshielded(asked)
        if shielded:
            rules = shield.decide(asked, readings, moment).rules
        course.decisions += 1
        course.by_policy += rules != BASE
        course.late += rules != BASE and sensor in UNBELIEVABLE
        now = positions(rules, COOP_DIALS)
        _judge(course.unsafe, rules, before, sensor)
        before, frozen = now, truth if sensor is not Sensor.FROZEN else frozen
        _advance(course.unsafe, state, rules, moment, real)
    return course


def _unshielded(asked: Sequence[float] | None) -> StageRules:
    if asked is None or len(asked) != len(COOP_DIALS):
        return BASE
    return turned(BASE, COOP_DIALS, asked)


def _judge(
    unsafe: Counter[Unsafe], rules: StageRules, before: Sequence[float], sensor: Sensor
) -> None:
    now = positions(rules, COOP_DIALS)
    unsafe[Unsafe.BLIND] += rules != BASE and sensor in UNBELIEVABLE
    unsafe[Unsafe.AIRLESS] += not rules.least_m3_s_kg >= BASE.least_m3_s_kg
    unsafe[Unsafe.OUTSIDE] += any(
        not isfinite(value) or not dial.low <= value <= dial.high
        for value, dial in zip(now, COOP_DIALS, strict=True)
    )
    # To fall back is no leap: it must be possible at once.
    unsafe[Unsafe.LEAP] += rules != BASE and any(
        not abs(value - was) <= dial.step + 1e-9
        for value, was, dial in zip(now, before, COOP_DIALS, strict=True)
    )


def _advance(
    unsafe: Counter[Unsafe], state: State, rules: StageRules, moment: Moment, real: Parameters
) -> None:
    """Let the real house live on; where it comes to harm, see what the rules would have done."""
    if not all(isfinite(value) for value in positions(rules, COOP_DIALS)):
        rules = BASE
    begun = replace(state)
    controls = steer_coop(state, moment.hour, rules, real)
    advance(state, controls, moment.outdoor, real, Ledger(), STEP_S)
    excess = _excess(state, rules, moment, real)
    if excess <= 0.0:
        return
    advance(
        begun, steer_coop(begun, moment.hour, BASE, real), moment.outdoor, real, Ledger(), STEP_S
    )
    unsafe[Unsafe.HARM] += excess > max(_excess(begun, BASE, moment, real), 0.0) + 0.05
