"""The nodes' protocol by handing messages across, without a broker."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.engine import FARM, HOUSE
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quality, Quantity, Refusal
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.drivers.mqtt_node.source import NodeBook
from tokkatot.hub.drivers.port import (
    Observation,
    Position,
    Presence,
    Reported,
    Sampled,
    Stranger,
)

FAN, AIR = DeviceId(UUID(int=1)), DeviceId(UUID(int=2))
NOW_MS = 1_780_000_000_000


def node(device_id: DeviceId, hardware_id: str, role: DeviceRole) -> DeviceConfig:
    sensor = role is DeviceRole.CLIMATE_SENSOR
    return DeviceConfig(
        id=device_id,
        house_id=HOUSE,
        hardware_id=hardware_id,
        name=hardware_id,
        role=role,
        interface=Interface.SENSOR if sensor else Interface.RELAY,
        quantities=(Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY) if sensor else (),
    )


class Yard:
    """A book with a fan and a sensor, and time that is pushed."""

    def __init__(self, positions: Mapping[str, int] | None = None) -> None:
        self.book = NodeBook(
            driver="nodes", farm_id=FARM, options=MqttNodeOptions(), positions=positions or {}
        )
        self.book.adopt(
            [
                node(FAN, "esp-fan", DeviceRole.FAN),
                node(AIR, "esp-air", DeviceRole.CLIMATE_SENSOR),
            ]
        )
        self.now_s = 100.0

    def hear(self, topic: str, body: object, *, retained: bool = False) -> list[Observation]:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.book.receive(
            topic if topic.startswith("facility") else f"farm/{FARM}/devices/{topic}",
            payload,
            retained=retained,
            now_s=self.now_s,
            now_ms=NOW_MS + round(self.now_s * 1000),
        )

    def orders(self) -> list[tuple[str, object]]:
        return [
            (message.topic.split("/")[3], json.loads(message.payload))
            for message in self.book.due(self.now_s)
        ]


@pytest.fixture
def yard() -> Yard:
    return Yard()


def status(n: int, actual: object = "on", *, boot: str = "a", **more: object) -> dict[str, object]:
    return {"v": 1, "boot": boot, "n": n, "online": True, "actual": actual, **more}


def sensor(n: int, *, boot: str = "a", t: int | None = None, **values: object) -> dict[str, object]:
    return {"v": 1, "boot": boot, "n": n, "t": t, "up_ms": 5, "values": values}


def test_an_order_that_is_given_while_others_are_said_again_is_not_overtaken() -> None:
    book = NodeBook(driver="nodes", farm_id=FARM, options=MqttNodeOptions(), positions={})
    second = DeviceId(UUID(int=3))
    book.adopt([node(FAN, "esp-1", DeviceRole.FAN), node(second, "esp-2", DeviceRole.FAN)])
    for device_id, name in ((FAN, "esp-1"), (second, "esp-2")):
        said = json.dumps(status(1)).encode()
        topic = f"farm/{FARM}/devices/{name}/status"
        book.receive(topic, said, retained=False, now_s=100.0, now_ms=NOW_MS)
        book.want(device_id, 40.0, "before", 100.0)
    again = book.due(110.0)
    assert json.loads(next(again).payload)["set"] == 40.0
    book.want(second, 100.0, "newer", 110.0)
    assert list(again) == []


BEAT = {"v": 1, "boot": "a", "up_ms": 5, "fw": "1", "rssi": -60, "heap": 100}


def test_a_node_is_known_by_its_hardware_id_and_by_its_uuid(yard: Yard) -> None:
    by_label = yard.hear("esp-fan/status", status(1))
    by_id = yard.hear(f"{FAN}/status", status(2, "off"))
    assert by_label == [
        Presence(device_id=FAN, online=True),
        Reported(device_id=FAN, level=100.0),
    ]
    assert by_id == [Reported(device_id=FAN, level=0.0)]


def test_readings_are_taken_and_what_is_none_is_refused(yard: Yard) -> None:
    heard = yard.hear(
        "esp-air/sensor", sensor(1, temperature=28.5, relative_humidity=101, happiness=3)
    )
    sampled = heard[-1]
    assert isinstance(sampled, Sampled)
    assert [(one.quantity, one.value, one.quality) for one in sampled.readings] == [
        ("temperature", 28.5, Quality.GOOD)
    ]
    assert [(one.quantity, one.raw, one.reason) for one in sampled.refused] == [
        ("relative_humidity", "101", Refusal.OUT_OF_RANGE),
        ("happiness", "3", Refusal.UNKNOWN_QUANTITY),
    ]
    assert sampled.live


def test_a_message_that_is_repeated_is_taken_once_until_the_node_boots(yard: Yard) -> None:
    first = yard.hear("esp-air/sensor", sensor(7, temperature=20))
    again = yard.hear("esp-air/sensor", sensor(7, temperature=20))
    older = yard.hear("esp-air/sensor", sensor(6, temperature=20))
    booted = yard.hear("esp-air/sensor", sensor(0, boot="b", temperature=20))
    assert (len(first), again, older, len(booted)) == (2, [], [], 1)
    assert yard.book.dropped["repeated"] == 2


def test_what_a_node_says_within_one_millisecond_is_told_apart(yard: Yard) -> None:
    yard.now_s = 7
    heard = [yard.hear("esp-air/sensor", sensor(n, temperature=20 + n))[-1] for n in range(3)]
    yard.now_s = 8
    heard.append(yard.hear("esp-air/sensor", sensor(3, temperature=23))[-1])
    times_ms = [one.readings[0].t_ms - NOW_MS for one in heard if isinstance(one, Sampled)]
    assert times_ms == [7_000, 7_001, 7_002, 8_000]


def test_a_clock_that_was_set_back_is_followed(yard: Yard) -> None:
    yard.now_s = 3_600
    yard.hear("esp-air/sensor", sensor(1, temperature=20))
    yard.now_s = 9
    (sampled,) = yard.hear("esp-air/sensor", sensor(2, temperature=21))
    assert isinstance(sampled, Sampled)
    assert sampled.readings[0].t_ms == NOW_MS + 9_000


def test_a_stop_button_tells_whether_it_is_pressed_and_is_told_nothing(yard: Yard) -> None:
    button = DeviceId(UUID(int=3))
    yard.book.adopt([node(button, "esp-stop", DeviceRole.STOP_BUTTON)])
    assert yard.hear("esp-stop/status", status(1)) == [
        Presence(device_id=button, online=True),
        Reported(device_id=button, level=100.0),
    ]
    assert yard.hear("esp-stop/status", status(2, "off")) == [Reported(device_id=button, level=0.0)]
    assert yard.orders() == []


def test_a_node_that_numbers_nothing_is_heard_all_the_same(yard: Yard) -> None:
    body = {"v": 1, "online": True, "actual": "on"}
    assert yard.hear("esp-fan/status", body)[-1] == Reported(device_id=FAN, level=100.0)
    assert yard.hear("esp-fan/status", body) == [Reported(device_id=FAN, level=100.0)]


@pytest.mark.parametrize(
    ("said_ms", "t_ms", "quality", "live"),
    [
        (None, 0, Quality.GOOD, True),
        (-5_000, -5_000, Quality.GOOD, True),
        (-3_600_000, -3_600_000, Quality.GOOD, False),
        (-40 * 86_400_000, 0, Quality.ESTIMATED, True),
        (3_600_000, 0, Quality.ESTIMATED, True),
    ],
)
def test_a_nodes_own_time_is_believed_within_reason(
    yard: Yard, said_ms: int | None, t_ms: int, quality: Quality, live: bool
) -> None:
    now_ms = NOW_MS + 100_000
    said = None if said_ms is None else now_ms + said_ms
    sampled = yard.hear("esp-air/sensor", sensor(1, t=said, temperature=20))[-1]
    assert isinstance(sampled, Sampled)
    assert (sampled.readings[0].t_ms - now_ms, sampled.readings[0].quality) == (t_ms, quality)
    assert sampled.live is live


def test_a_node_is_offline_after_three_missed_heartbeats(yard: Yard) -> None:
    yard.hear("esp-fan/heartbeat", BEAT)
    yard.now_s += 90
    assert yard.book.silent(yard.now_s) == []
    yard.now_s += 1
    assert yard.book.silent(yard.now_s) == [Presence(device_id=FAN, online=False)]
    assert yard.book.silent(yard.now_s) == []
    assert yard.hear("esp-fan/heartbeat", BEAT) == [Presence(device_id=FAN, online=True)]


def test_the_last_will_takes_a_node_offline_at_once(yard: Yard) -> None:
    yard.hear("esp-fan/status", status(1))
    assert yard.hear("esp-fan/status", {"v": 1, "online": False}) == [
        Presence(device_id=FAN, online=False)
    ]


def test_a_retained_status_tells_how_things_stand_but_confirms_no_order(yard: Yard) -> None:
    heard = yard.hear("esp-fan/status", status(3, last_command="old"), retained=True)
    assert heard == [
        Presence(device_id=FAN, online=True),
        Reported(device_id=FAN, level=100.0),
    ]
    yard.book.lost()
    assert yard.hear("esp-fan/status", status(3, last_command="old"), retained=True) == [
        Presence(device_id=FAN, online=True)
    ]


def test_a_retained_reading_is_of_any_age_and_dropped(yard: Yard) -> None:
    assert yard.hear("esp-air/sensor", sensor(1, temperature=20), retained=True) == []
    assert yard.book.dropped["retained"] == 1


def test_an_order_is_said_again_every_ten_seconds_under_its_own_name(yard: Yard) -> None:
    yard.hear("esp-fan/heartbeat", BEAT)
    yard.book.want(FAN, 100.0, "order-1", yard.now_s)
    assert yard.orders() == []
    yard.now_s += 10
    body = {"v": 1, "id": "order-1", "set": "on", "lease_s": 30}
    assert yard.orders() == [("esp-fan", body)]
    assert yard.orders() == []
    yard.book.want(FAN, 40.0, "order-2", yard.now_s)
    yard.now_s += 10
    assert yard.orders() == [("esp-fan", {"v": 1, "id": "order-2", "set": 40.0, "lease_s": 30})]


def test_a_node_that_was_never_heard_is_called_by_both_of_its_names(yard: Yard) -> None:
    messages = yard.book.want(FAN, 0.0, "order", yard.now_s)
    assert {message.topic.split("/")[3] for message in messages} == {"esp-fan", str(FAN)}


def test_a_node_that_booted_or_came_back_is_told_at_once(yard: Yard) -> None:
    yard.hear("esp-fan/status", status(1))
    yard.book.want(FAN, 100.0, "order", yard.now_s)
    yard.hear("esp-fan/status", status(1, "off", boot="b"))
    assert len(yard.orders()) == 1
    yard.hear("esp-fan/status", {"v": 1, "online": False})
    yard.hear("esp-fan/heartbeat", BEAT)
    assert len(yard.orders()) == 1


def test_a_node_that_was_let_go_is_told_nothing_more(yard: Yard) -> None:
    yard.book.want(FAN, 100.0, "order", yard.now_s)
    yard.book.adopt([])
    yard.now_s += 60
    assert yard.orders() == []
    assert not yard.book.knows(FAN)


def test_a_stranger_is_listed_once_an_hour_and_told_nothing(yard: Yard) -> None:
    assert yard.hear("evil/status", status(1)) == [
        Stranger(hardware_id="evil", driver="nodes", detail="status")
    ]
    assert yard.hear("evil/sensor", sensor(1, temperature=20)) == []
    yard.now_s += 3600
    assert len(yard.hear("evil/heartbeat", BEAT)) == 1
    assert yard.orders() == []


def test_a_flood_of_strangers_has_a_limit(yard: Yard) -> None:
    told = [yard.hear(f"x{number}/status", status(1)) for number in range(1000)]
    assert sum(map(len, told)) == 256
    assert yard.book.dropped["stranger"] == 1000


def test_a_facility_reading_goes_to_the_device_of_its_house_and_quantity(yard: Yard) -> None:
    topic = f"facility/{HOUSE}/sensors/temperature"
    for body, value in ((b"28.5", 28.5), (b' {"value": 29}', 29.0)):
        sampled = yard.hear(topic, body)[-1]
        assert isinstance(sampled, Sampled)
        assert [(one.device_id, one.value) for one in sampled.readings] == [(AIR, value)]


def test_a_facility_reading_with_its_time_is_taken_once_even_over_a_restart(yard: Yard) -> None:
    topic = f"facility/{HOUSE}/sensors/temperature"
    t_ms = NOW_MS + 90_000
    body = {"value": 28.5, "t": t_ms}
    sampled = yard.hear(topic, body, retained=True)[-1]
    assert isinstance(sampled, Sampled)
    source = f"nodes:facility/{HOUSE}/temperature"
    assert sampled.position == Position(source=source, value=t_ms)
    assert yard.hear(topic, body, retained=True) == []
    assert Yard({source: t_ms}).hear(topic, body, retained=True) == []


def test_a_kept_facility_reading_of_another_time_is_refused(yard: Yard) -> None:
    body = {"value": 28.5, "t": NOW_MS * 2}
    sampled = yard.hear(f"facility/{HOUSE}/sensors/temperature", body, retained=True)[-1]
    assert isinstance(sampled, Sampled)
    assert [one.reason for one in sampled.refused] == [Refusal.BAD_TIME]


@pytest.mark.parametrize("off_ms", [3 * 3_600_000, -40 * 86_400_000])
def test_a_hub_whose_clock_is_wrong_takes_what_a_gateway_says_now(yard: Yard, off_ms: int) -> None:
    topic = f"facility/{HOUSE}/sensors/temperature"
    now_ms = NOW_MS + round(yard.now_s * 1000)
    sampled = yard.hear(topic, {"value": 28.5, "t": now_ms + off_ms})[-1]
    assert isinstance(sampled, Sampled)
    assert [(one.value, one.t_ms, one.quality) for one in sampled.readings] == [
        (28.5, now_ms, Quality.ESTIMATED)
    ]
    assert (sampled.live, sampled.position) == (True, None)


def test_devices_whose_boxes_change_places_are_told_by_the_right_ones(yard: Yard) -> None:
    second = DeviceId(UUID(int=3))
    yard.book.adopt([node(FAN, "one", DeviceRole.FAN), node(second, "two", DeviceRole.FEEDER)])
    for name in ("one", "two"):
        yard.hear(f"{name}/status", status(1))
    yard.book.want(FAN, 100.0, "blow", yard.now_s)
    yard.book.want(second, 0.0, "rest", yard.now_s)
    yard.book.adopt([node(FAN, "two", DeviceRole.FAN), node(second, "one", DeviceRole.FEEDER)])
    told = {name: order["set"] for name, order in yard.orders() if isinstance(order, dict)}
    assert (told["two"], told["one"]) == ("on", "off")
    assert yard.hear("two/status", status(1)), "it counts for itself"


def test_a_retained_bare_number_is_of_any_age_and_dropped(yard: Yard) -> None:
    assert yard.hear(f"facility/{HOUSE}/sensors/temperature", b"28.5", retained=True) == []


@pytest.mark.parametrize("body", [b"NaN", b"inf", b"", b"warm", b'"28"', b"[1]", b"1e999"])
def test_a_facility_reading_that_is_no_number_is_refused(yard: Yard, body: bytes) -> None:
    sampled = yard.hear(f"facility/{HOUSE}/sensors/temperature", body)[-1]
    assert isinstance(sampled, Sampled)
    assert (sampled.readings, len(sampled.refused)) == ((), 1)


def test_a_facility_reading_that_nobody_waits_for_is_a_strangers(yard: Yard) -> None:
    heard = yard.hear(f"facility/{HOUSE}/sensors/co2", b"400")
    assert isinstance(heard[0], Stranger)


@given(
    st.sampled_from(["sensor", "status", "heartbeat", "command", "fw_update", "other"]),
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=9)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=4),
                st.dictionaries(
                    st.sampled_from(["v", "boot", "n", "values", "actual", "online", "t", "up_ms"]),
                    inner,
                    max_size=6,
                ),
            ),
            max_leaves=12,
        ).map(lambda body: json.dumps(body).encode()),
    ),
    st.booleans(),
)
def test_garbage_is_counted_and_never_a_reading(leaf: str, payload: bytes, retained: bool) -> None:
    yard = Yard()
    for name in ("esp-air", "esp-fan"):
        for item in yard.hear(f"{name}/{leaf}", payload, retained=retained):
            assert not isinstance(item, Sampled) or all(
                -40 <= one.value <= 100 for one in item.readings
            )
    yard.hear(f"facility/{HOUSE}/sensors/temperature", payload, retained=retained)


def test_a_lease_that_one_lost_message_would_end_is_refused() -> None:
    with pytest.raises(ValueError, match="at least twice"):
        MqttNodeOptions(lease_s=30, repeat_s=16)


def test_what_the_broker_had_no_room_for_is_counted_but_for_what_it_lost_before(
    yard: Yard,
) -> None:
    for told in (b"7", b"7", b"10", b"12", b"none", b"1"):
        yard.book.note_broker(told)
    assert yard.book.dropped == {"broker": 5}


def test_the_lamp_of_the_tutorial_is_on_in_the_end(yard: Yard) -> None:
    page = Path(__file__).parents[5] / "docs" / "tutorials" / "own-house.md"
    said = re.findall(r"LAMP-1/(status|heartbeat) \\\s+-m '([^']+)'", page.read_text())
    assert [leaf for leaf, _ in said] == ["status", "heartbeat", "status"]

    heard: list[Observation] = []
    for leaf, body in said:
        # Each in time, since a lamp whose heart does not beat is offline by then.
        assert yard.book.silent(yard.now_s) == []
        heard = yard.hear(f"esp-fan/{leaf}", body.encode())
        yard.now_s += 60

    assert heard == [Reported(device_id=FAN, level=100.0, error=None, last_command=None)]
    assert yard.book.dropped == {}
