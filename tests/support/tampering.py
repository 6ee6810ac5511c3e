"""Episodes in which a policy, the sensors of a poultry house, its weather or its twin go wrong."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite, nan
from random import Random  # noqa: TID251 - seeded
from typing import Generic, NamedTuple

from tests.support.coop import outdoor
from tests.support.tampered import Real, Thermometer, World, held, staged
from tokkatot.climate.control.dials import HELD_DIALS, Dials, Rules, positions, turned
from tokkatot.climate.control.shield import LIFETIME_S, Climate, Moment, Readings
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.bedding import with_litter
from tokkatot.climate.physics.poultry.birds import comfort_c
from tokkatot.climate.physics.poultry.houses import open_house, tunnel_house
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.model import Parameters, State
from tokkatot.climate.physics.units import HOUR_S
from tokkatot.domain.houses import SetPoints
from tokkatot.wire.autopilot import EVERY_S

HELD_STEPS = 3
"""A hub's policy waits for half an hour and turns a third as far: it lives so many times longer."""


class Policy(StrEnum):
    """How a policy behaves."""

    SANE = "stays near the rules"
    WILD = "draws anything"
    NUMBERLESS = "answers what is no number"
    SILENT = "gives no answer"
    STIFLING = "wants no air and much warmth"
    FREEZING = "wants all air for cold birds"
    SPARING = "wants few fans"
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


class Gas(StrEnum):
    """How an instrument of a gas goes wrong: each answer of it might be true."""

    SOUND = "tells what is"
    FROZEN = "stands still"
    LOW = "tells little of what is"
    LACKING = "is not there"
    """Of ammonia alone: without carbon dioxide no house is steered."""


class Sky(StrEnum):
    """How the weather that the shield is told goes wrong."""

    SOUND = "is what is"
    NUMBERLESS = "is no number"
    ABSURD = "is nowhere on earth"


class House(StrEnum):
    """How the house differs from its twin."""

    ALIKE = "not at all"
    WARMER = "its birds give off more"
    LEAKY = "its walls are thin"
    WEAK = "half of its fans have failed"
    TORN = "the belt of a fan is torn"
    """Of eight, as a hub counts them: at times it is the one that runs."""


class Unsafe(StrEnum):
    """What makes a command unsafe, whoever gave it."""

    OUTSIDE = "a set-point is outside its ends, no number or not its people's"
    LEAP = "a set-point leapt"
    AIRLESS = "a set-point asks for less air than birds need, or they lacked it as under no rules"
    BLIND = "a set-point that nobody checked rests on a reading that can't be"
    HARM = "the flock was brought where the rules would not have brought it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """All that is drawn before it begins."""

    policy: Policy
    sensor: Sensor
    sky: Sky
    house: House
    parameters: Parameters
    state: State
    first: int
    """Step of the weather."""
    fault_at: int
    points: tuple[SetPoints, SetPoints] | None
    """What people want of a house that a hub steers, and later; none where it has stages."""
    changed_at: int
    co2: Gas
    ammonia: Gas
    is_long: bool
    """Whether it lasts twice as long: air fouls slowly."""
    is_watched: bool
    """Whether the twin is told which part of the fans ran."""


_HOUSES = [one for one in House if one is not House.TORN]
_FIRST: list[Policy] = [one for one in Policy if one is not Policy.SPARING]


def drawn(chance: Random) -> Episode:
    """Return an episode by chance; in each other one a hub's own rules steer."""
    open_sided = chance.random() < 0.4
    age = chance.uniform(3.0, 42.0)
    twin = open_house() if open_sided else tunnel_house()
    birds = chance.uniform(8.0, 14.0) * twin.floor_m2
    warm = chance.uniform(-2.0, 7.0)
    state = with_litter(State(birds=birds, age_d=age, bird_kg=0.043 + 0.065 * age), twin)
    comfort = comfort_c(age, twin)
    state.air_c = comfort + warm
    state.mass_c = state.air_c
    is_held = chance.random() < 0.5
    first = chance.randrange(96)
    # By a chance of its own: what else is drawn by a seed stays what it was.
    more = Random(birds)
    co2 = more.choice([Gas.SOUND, Gas.SOUND, Gas.FROZEN, Gas.LOW])
    policy, sensor = chance.choice(_FIRST), chance.choice(list(Sensor))
    further = Random(birds + 1.0)
    if further.random() < 0.2:
        policy = Policy.SPARING
    if sensor in {Sensor.JUMPING, Sensor.FROZEN}:
        # One instrument lies at a time: where two do, nothing is left to tell by.
        co2 = Gas.SOUND
    episode = Episode(
        policy=policy,
        sensor=sensor,
        sky=chance.choice([Sky.SOUND, Sky.SOUND, Sky.SOUND, Sky.NUMBERLESS, Sky.ABSURD]),
        house=chance.choice(_HOUSES),
        parameters=twin,
        state=state,
        first=first,
        fault_at=chance.randrange(9, 18) if is_held else chance.randrange(3, 6),
        points=(
            (_points(first, comfort, chance), _points(first, comfort, chance)) if is_held else None
        ),
        changed_at=chance.randrange(6, 20),
        co2=co2,
        ammonia=more.choice(list(Gas)),
        is_long=is_held and more.random() < 0.1,
        is_watched=further.random() < 0.5,
    )
    is_torn = is_held and further.random() < 0.15
    return replace(episode, house=House.TORN) if is_torn else episode


def _points(first: int, comfort: float, chance: Random) -> SetPoints:
    """Return what people may want: near it the air is shut off.

    It may be too warm for their birds, but not so that the house itself would bring them to harm.
    """
    wanted_c = outdoor(first).temperature_c + chance.uniform(-3.0, 2.0)
    least_c = min(wanted_c, comfort + 4.5)
    most_c = least_c + chance.uniform(3.0, 6.0)
    return SetPoints(
        temperature_min_c=least_c, temperature_max_c=most_c, temperature_hard_max_c=most_c + 5.0
    )


def _real(episode: Episode) -> Parameters:
    twin = episode.parameters
    match episode.house:
        case House.ALIKE | House.TORN:
            return twin
        case House.WARMER:
            return replace(twin, heat_total=1.15, heat_sensible=1.1)
        case House.LEAKY:
            return replace(twin, wall_w_m2_k=1.5 * twin.wall_w_m2_k, leak_m2=2.0 * twin.leak_m2)
        case House.WEAK:
            return replace(twin, fan_m3_s=0.5 * twin.fan_m3_s)


def _asked(
    policy: Policy, dials: Dials, middle: Sequence[float], chance: Random
) -> Sequence[float] | None:
    is_held = dials is HELD_DIALS
    match policy:
        case Policy.SANE:
            return [
                value + chance.uniform(-0.3, 0.3) * dial.step
                for value, dial in zip(middle, dials, strict=True)
            ]
        case Policy.WILD:
            return [dial.low + chance.uniform(-2.0, 3.0) * (dial.high - dial.low) for dial in dials]
        case Policy.NUMBERLESS:
            return [nan if chance.random() < 0.3 else value for value in middle]
        case Policy.SILENT:
            return None
        case Policy.STIFLING:
            return [6.0, 0.0] if is_held else [6.0, 15.0, 0.0, 20.0, 20.0, 20.0]
        case Policy.FREEZING:
            return [-15.0, 5.0] if is_held else [-15.0, 0.5, 5e-3, -20.0, -20.0, -20.0]
        case Policy.SPARING:
            return [*middle[:-1], dials[-1].low] if is_held else [0.0, 8.0, 0.0, 4.0, 10.0, 12.0]
        case Policy.SHORT:
            return middle[: len(dials) // 2]


def _told(sky: Sky, truth: Outdoor, chance: Random) -> Outdoor:
    match sky:
        case Sky.SOUND:
            return truth
        case Sky.NUMBERLESS:
            name = chance.choice(["radiation_w_m2", "temperature_c", "vapour_pa", "wind_m_s"])
            return replace(truth, **{name: nan})
        case Sky.ABSURD:
            changes = [
                {"temperature_c": -40.0, "sky_c": -80.0, "vapour_pa": 10.0},
                {"temperature_c": 75.0, "sky_c": 60.0},
                {"radiation_w_m2": 9000.0},
                {"wind_m_s": 90.0},
                {"vapour_pa": 20_000.0},
            ]
            return replace(truth, **chance.choice(changes))


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


AIRLESS_S = 1800.0
"""Half as long again as the shield allows: no house is quite its twin."""
LOW_SHARE = 0.3
FRESH_PPM = 400.0
"""No instrument that is low tells of less carbon dioxide: it would not be believed."""


class Gases(NamedTuple):
    """What is in the air, in ppm."""

    co2: float
    ammonia: float


def _gases(world: World[Rules]) -> Gases:
    return Gases(world.real.shown().co2_ppm, world.real.state.ammonia_mg_m3 / AMMONIA_MG_M3_PPM)


def _shown_ppm(gas: Gas, truth_ppm: float, frozen_ppm: float) -> float | None:
    match gas:
        case Gas.SOUND:
            return truth_ppm
        case Gas.FROZEN:
            return frozen_ppm
        case Gas.LOW:
            return LOW_SHARE * truth_ppm
        case Gas.LACKING:
            return None


def _thermometer(sensor: Sensor, frozen: Climate) -> Thermometer:
    match sensor:
        case Sensor.SOUND:
            return lambda air_c: air_c
        case Sensor.JUMPING:
            return lambda air_c: air_c - 8.0
        case Sensor.FROZEN:
            return lambda _: frozen.air_c
        case _:
            return lambda _: None


UNBELIEVABLE = {Sensor.MISSING, Sensor.NUMBERLESS, Sensor.BEYOND, Sensor.OLD}


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
    state, twin, real = episode.state, episode.parameters, _real(episode)
    if episode.points is None:
        world = staged(state, twin, real)
        return _lived(world, episode, chance, steps=steps, shielded=shielded)
    torn = 1 if episode.house is House.TORN else 0
    hub = held(state, twin, real, episode.points, episode.changed_at, torn=torn)
    steps *= 2 * HELD_STEPS if episode.is_long else HELD_STEPS
    return _lived(hub, episode, chance, steps=steps, shielded=shielded)


def _lived(
    world: World[Rules], episode: Episode, chance: Random, *, steps: int, shielded: bool
) -> Course:
    course, dials = Course(unsafe=Counter()), world.dials
    before = positions(world.base, dials)
    frozen, frozen_gases = world.real.shown(), _gases(world)
    hour = LastHour(world.real)
    for step in range(steps):
        is_wrong = step >= episode.fault_at
        sensor = episode.sensor if is_wrong else Sensor.SOUND
        sky = episode.sky if is_wrong else Sky.SOUND
        moment = Moment(
            outdoor=outdoor(episode.first + step // 3),
            hour=((episode.first + step / 3) / 4) % 24,
        )
        truth, base = world.real.shown(), world.base_at(step)
        frozen_gases = frozen_gases if is_wrong else _gases(world)
        readings = _measured(sensor, truth, frozen, chance)
        if is_wrong:
            readings = _tampered(episode, world, readings, frozen_gases)
        asked = _asked(episode.policy, dials, positions(base, dials), chance)
        rules = _unshielded(asked, base, dials)
        if shielded:
            world.shield.rebase(base)
            if episode.is_watched and step > 0:
                world.watch()
            told = replace(moment, outdoor=_told(sky, moment.outdoor, chance))
            rules = world.shield.decide(asked, readings, told).rules
        is_blind = sensor in UNBELIEVABLE or sky is Sky.NUMBERLESS
        course.decisions += 1
        course.by_policy += rules != base
        course.late += rules != base and is_blind
        _judge(course.unsafe, rules, base, before, dials)
        course.unsafe[Unsafe.BLIND] += rules != base and is_blind
        before = positions(rules, dials)
        frozen = truth if sensor is not Sensor.FROZEN else frozen
        thermometer = _thermometer(sensor, frozen)
        begun = world.real.copy()
        _advance(course.unsafe, world, rules, base, moment, thermometer)
        lives = Lived(begun=begun, base=base, moment=moment, thermometer=thermometer)
        course.unsafe[Unsafe.AIRLESS] += hour.is_airless(lives, by_policy=rules != base)
    return course


def _tampered(episode: Episode, world: World[Rules], readings: Readings, frozen: Gases) -> Readings:
    """Return what instruments of gases make of it, and tell the twin what a gauge does."""
    truth = _gases(world)
    world.gauge(_shown_ppm(episode.ammonia, truth.ammonia, frozen.ammonia))
    if episode.co2 is Gas.SOUND:
        return readings
    shown_ppm = _shown_ppm(episode.co2, truth.co2, frozen.co2)
    return replace(readings, co2_ppm=max(shown_ppm or 0.0, FRESH_PPM))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived(Generic[Rules]):
    """What went before a decision, and what else was the same whoever decided."""

    begun: Real[Rules]
    base: Rules
    moment: Moment
    thermometer: Thermometer


class LastHour(Generic[Rules]):
    """The air that birds got in an hour, beside what the rules would have given them."""

    def __init__(self, real: Real[Rules]) -> None:
        self._real: Real[Rules] = real
        self._lives: deque[tuple[Lived[Rules], bool]] = deque(maxlen=round(HOUR_S / EVERY_S))

    def is_airless(self, lived: Lived[Rules], *, by_policy: bool) -> bool:
        """Return whether birds now lack air for much longer than under the rules alone."""
        self._lives.append((lived, by_policy))
        # What became of it under rules that had it back for so long is theirs.
        of_late = list(self._lives)[-round(LIFETIME_S / EVERY_S) :]
        if self._real.owed_s <= AIRLESS_S or not any(by for _, by in of_late):
            return False
        other = self._lives[0][0].begun.copy()
        for one, _ in self._lives:
            other.live(one.base, one.moment, one.thermometer)
        return self._real.owed_s > other.owed_s + AIRLESS_S


def _unshielded(asked: Sequence[float] | None, base: Rules, dials: Dials) -> Rules:
    if asked is None or len(asked) != len(dials):
        return base
    return turned(base, dials, asked)


def _judge(
    unsafe: Counter[Unsafe], rules: Rules, base: Rules, before: Sequence[float], dials: Dials
) -> None:
    now, rest = positions(rules, dials), positions(base, dials)
    air = [at for at, dial in enumerate(dials) if dial.name == "least_m3_s_kg"]
    unsafe[Unsafe.AIRLESS] += any(not now[at] >= rest[at] for at in air)
    # What no dial turns is as people have it now.
    unsafe[Unsafe.OUTSIDE] += turned(rules, dials, rest) != base or any(
        not isfinite(value) or not dial.low <= value <= dial.high
        for value, dial in zip(now, dials, strict=True)
    )
    # To fall back is no leap: it must be possible at once.
    unsafe[Unsafe.LEAP] += rules != base and any(
        not abs(value - was) <= dial.step + 1e-9
        for value, was, dial in zip(now, before, dials, strict=True)
    )


def _advance(
    unsafe: Counter[Unsafe],
    world: World[Rules],
    rules: Rules,
    base: Rules,
    moment: Moment,
    thermometer: Thermometer,
) -> None:
    """Let the real house live on; where it comes to harm, see what the rules would have done."""
    if not all(isfinite(value) for value in positions(rules, world.dials)):
        rules = base
    real, begun = world.real, world.real.copy()
    real.live(rules, moment, thermometer)
    excess = real.excess(rules, moment)
    if excess <= 0.0:
        return
    begun.live(base, moment, thermometer)
    unsafe[Unsafe.HARM] += excess > max(begun.excess(base, moment), 0.0) + 0.05
