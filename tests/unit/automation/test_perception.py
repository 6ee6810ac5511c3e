"""What is known of devices, and what is forgotten of those that are gone."""

from dataclasses import replace
from uuid import UUID

from tests.support.engine import (
    HOUSE,
    IDS,
    SECOND_THERMOMETER,
    TANK,
    THERMOMETER,
    Bench,
    device,
    document,
)
from tokkatot.automation.inputs import Contact, Report, Sample
from tokkatot.automation.plan import plan_of
from tokkatot.automation.state import State
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity

FAN, TEMPERATURE = DeviceRole.FAN, Quantity.TEMPERATURE


def quiet() -> Bench:
    """Return a house whose sensors say nothing more."""
    bench = Bench()
    bench.run(3)
    bench.temperature_c = bench.water_percent = None
    bench.follow = False
    return bench


def test_a_device_that_goes_while_no_sensor_speaks_is_known_to_be_away() -> None:
    silent = quiet()
    silent.contact(FAN, online=False)
    silent.step()
    assert silent.state.known[IDS[FAN]].online is False
    silent.contact(FAN, online=True)
    silent.step()
    assert silent.state.known[IDS[FAN]].online is True


def test_what_a_device_says_while_no_sensor_speaks_is_known() -> None:
    silent = quiet()
    for level, error in ((40.0, None), (40.0, "jammed"), (None, "jammed")):
        silent.step(reports=(Report(device_id=IDS[FAN], level=level, error=error),))
        known = silent.state.known[IDS[FAN]]
        assert (known.level, known.error) == (level, error)


def test_a_sensor_speaks_while_no_device_says_anything() -> None:
    silent = quiet()
    silent.temperature_c = 27.0
    silent.step()
    assert silent.state.sensed[THERMOMETER, Quantity.TEMPERATURE].value == 27.0


def test_a_sensor_that_left_the_document_is_forgotten_and_the_others_are_not() -> None:
    silent = quiet()
    silent.plan = plan_of(document(thermometers=()))
    silent.step()
    assert set(silent.state.sensed) == {(TANK, Quantity.WATER_LEVEL)}
    assert THERMOMETER not in silent.state.known


def test_a_device_that_stays_in_a_new_document_is_still_there() -> None:
    silent = quiet()
    since_s = silent.state.known[IDS[FAN]].since_s
    silent.plan = plan_of(replace(document(), version=2))
    silent.step()
    known = silent.state.known[IDS[FAN]]
    assert (known.online, known.since_s) == (True, since_s)


def test_what_nobody_registered_comes_and_speaks_without_being_known() -> None:
    silent = quiet()
    before = silent.state.known
    stranger = DeviceId(UUID(int=4711))
    silent.step(
        contacts=(Contact(device_id=stranger, online=True),),
        reports=(Report(device_id=stranger, level=40.0),),
    )
    assert silent.state.known == before


def test_a_device_that_only_tells_of_an_error_has_not_moved() -> None:
    silent = quiet()
    silent.step(reports=(Report(device_id=IDS[FAN], level=40.0),))
    moved_s = silent.state.known[IDS[FAN]].moved_s
    assert moved_s == silent.now_s
    silent.step(reports=(Report(device_id=IDS[FAN], level=40.0, error="jammed"),))
    assert silent.state.known[IDS[FAN]].moved_s == moved_s


def test_the_warmth_of_the_soil_is_not_that_of_the_air() -> None:
    probe = DeviceId(UUID(int=210))
    bench = Bench(temperature_c=31.0)
    held = document()
    soil = device(probe, DeviceRole.SOIL_SENSOR, Quantity.TEMPERATURE, Quantity.SOIL_MOISTURE)
    bench.plan = plan_of(replace(held, devices=(*held.devices, soil)))
    said = (Sample(device_id=probe, quantity=Quantity.TEMPERATURE, value=21.0),)
    for _ in range(5):
        bench.step(
            samples=(
                *said,
                Sample(device_id=THERMOMETER, quantity=Quantity.TEMPERATURE, value=31.0),
            )
        )
    assert bench.state.senses[HOUSE].temperature_c == 31.0
    for _ in range(60):
        bench.step(samples=said)
    senses = bench.state.senses[HOUSE]
    assert (senses.temperature_c, senses.temperature_stale) == (None, True)
    assert senses.believed.alone[probe, Quantity.TEMPERATURE] == 21.0


def begun_again(stood: dict[tuple[DeviceId, Quantity], float]) -> Bench:
    """Return a house whose hub begins again, where sensors had stood still before."""
    bench = Bench()
    bench.state = State(stood=stood)
    bench.temperature_c = bench.water_percent = None
    bench.step()
    return bench


def test_a_sensor_that_stood_still_is_in_doubt_until_it_says_something_else() -> None:
    bench = begun_again({(THERMOMETER, Quantity.TEMPERATURE): 26.0})
    assert bench.state.senses[HOUSE].doubted == {THERMOMETER}
    assert bench.state.senses[HOUSE].unheard == {THERMOMETER, TANK}
    for celsius, doubted in ((26.0, {THERMOMETER}), (26.0, {THERMOMETER}), (26.1, set())):
        bench.step(
            samples=(Sample(device_id=THERMOMETER, quantity=Quantity.TEMPERATURE, value=celsius),)
        )
        senses = bench.state.senses[HOUSE]
        assert senses.doubted == doubted
        assert senses.temperature_stale is bool(doubted)
        assert bench.state.stood == {}
    bench.step(samples=(Sample(device_id=THERMOMETER, quantity=Quantity.TEMPERATURE, value=26.0),))
    assert bench.state.senses[HOUSE].doubted == set()


def test_a_sensor_that_says_something_else_than_where_it_stood_is_believed_at_once() -> None:
    bench = begun_again({(THERMOMETER, Quantity.TEMPERATURE): 26.0})
    bench.step(samples=(Sample(device_id=THERMOMETER, quantity=Quantity.TEMPERATURE, value=35.0),))
    assert bench.state.senses[HOUSE].temperature_c == 35.0
    assert bench.state.senses[HOUSE].doubted == set()
    assert bench.state.stood == {}


def test_one_sensor_that_speaks_leaves_the_others_in_doubt_that_stood_still() -> None:
    stood = {(THERMOMETER, TEMPERATURE): 26.0, (SECOND_THERMOMETER, TEMPERATURE): 20.0}
    bench = begun_again(stood)
    assert bench.state.stood == {(THERMOMETER, TEMPERATURE): 26.0}, "the other one is not here"
    bench.step(samples=(Sample(device_id=TANK, quantity=Quantity.WATER_LEVEL, value=60.0),))
    assert bench.state.stood == {(THERMOMETER, TEMPERATURE): 26.0}
    assert bench.state.senses[HOUSE].doubted == {THERMOMETER}
