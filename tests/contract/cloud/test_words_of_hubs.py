"""What people say at a hub while the cloud is away, and what the cloud makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.support.cloud import Cloud, Person
from tests.support.yard import EPOCH, Row, Yard, batch, make_yard, ms
from tokkatot.cloud.sync.desired import build_desired
from tokkatot.cloud.sync.postgres import PostgresStore
from tokkatot.cloud.sync.service import Incoming, SyncService
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import from_ms, to_rfc3339
from tokkatot.wire.messages import Ack, Welcome, decode
from tokkatot.wire.topics import HubLeaf

SECOND = 1000


@dataclass
class Hub:
    """A hub that has said hello, and the owner of its farm."""

    cloud: Cloud
    owner: Person
    yard: Yard
    service: SyncService
    session: str
    sent: int = 0
    epoch: str = EPOCH

    async def restore(self, *, holds: int) -> None:
        """Go on from an image of the card, which numbers anew the rows that it holds."""
        hello = self.yard.hello(epoch="of-the-image", next_seq=holds + 1, mono_ms=2)
        answers = await self.service.hello(self.yard.topic(HubLeaf.HELLO), hello)
        self.session, self.epoch = decode(answers[0].payload, Welcome).session, hello.events.epoch
        self.sent = 0

    @property
    def farm_url(self) -> str:
        return f"/v1/farms/{self.yard.farm_id}"

    @property
    def house_url(self) -> str:
        return f"{self.farm_url}/houses/{self.yard.house_id}"

    @property
    def now_ms(self) -> int:
        return ms(self.cloud.clock.now())

    async def say(self, kind: str, data: Mapping[str, object], *, ago_s: float = 0) -> int:
        """Tell of an event; return how many rows of it were put aside."""
        row: Row = [self.sent + 1, "e", self.now_ms - round(ago_s * SECOND), kind, dict(data)]
        return await self.send(row)

    async def send(self, *rows: Row) -> int:
        up = batch(self.session, "events", self.sent + 1, list(rows), epoch=self.epoch)
        topic = self.yard.topic(HubLeaf.UP)
        (answer,) = await self.service.batches([Incoming(topic=topic, up=up)])
        self.sent += len(rows)
        return decode(answer.payload, Ack).quarantined

    async def stop(self, *, stopped: bool, by: object = None, ago_s: float = 0) -> int:
        data = {
            "house": str(self.yard.house_id),
            "stopped": stopped,
            "by": str(by or self.owner.user_id),
        }
        return await self.say("stop.changed", data, ago_s=ago_s)

    async def post(self, url: str) -> None:
        answer = await self.cloud.http.post(url, headers=self.owner.headers)
        assert answer.status_code == 200, answer.text

    async def delete(self, url: str) -> None:
        answer = await self.cloud.http.delete(url, headers=self.owner.headers)
        assert answer.status_code == 204, answer.text

    async def shown(self) -> dict[str, object] | None:
        """Return the stop that the house's screen shows."""
        state = await self.cloud.get(f"{self.house_url}/state", self.owner)
        stop: dict[str, object] | None = state["stop"]
        assert state["house"]["stopped"] is (stop is not None)
        return stop

    async def held(self) -> tuple[int, bool]:
        """Return the version of what the hub is to hold, and whether its house is stopped in it."""
        async with self.cloud.context.database.transaction() as tx:
            document = await build_desired(tx, self.yard.hub_id)
        return document.version, document.houses[0].software_stop

    async def log(self, kind: str) -> list[tuple[UUID | None, dict[str, object]]]:
        async with self.cloud.context.database.transaction() as tx:
            rows = await tx.session.execute(
                text("SELECT user_id, data FROM events WHERE type = :kind ORDER BY t"),
                {"kind": kind},
            )
            return [(row.user_id, row.data) for row in rows]


@pytest.fixture
async def hub(cloud: Cloud) -> Hub:
    owner, farm_id = await cloud.sign_up()
    database = cloud.context.database
    yard = await make_yard(database, farm_id=FarmId(farm_id))
    service = SyncService(
        PostgresStore(database, cloud.readings, clock=cloud.clock),
        clock=cloud.clock,
        new_session=lambda: "s",
    )
    answers = await service.hello(yard.topic(HubLeaf.HELLO), yard.hello())
    return Hub(cloud, owner, yard, service, decode(answers[0].payload, Welcome).session)


# ------------------------------------------------------------------------------------------ stops


async def test_a_stop_that_was_pressed_at_the_hub_holds_and_shows_who_pressed_it(hub: Hub) -> None:
    version, _ = await hub.held()
    assert await hub.stop(stopped=True, ago_s=60) == 0
    stop = await hub.shown()
    assert stop is not None
    assert stop["by"] == {"id": str(hub.owner.user_id), "name": "Owner of Kandal"}
    assert stop["at"] == to_rfc3339(from_ms(hub.now_ms - 60 * SECOND)).replace(".000Z", "Z")
    assert await hub.held() == (version + 1, True)
    assert await hub.log("house.stopped") == [
        (hub.owner.user_id, {"origin": "farm", "hub": str(hub.yard.hub_id)})
    ]


async def test_an_image_of_the_card_does_not_stop_a_house_that_goes_on_since(hub: Hub) -> None:
    pressed_ms, said = hub.now_ms, {"house": str(hub.yard.house_id), "by": str(hub.owner.user_id)}
    pressed: Row = [1, "e", pressed_ms, "stop.changed", {**said, "stopped": True}]
    lifted: Row = [2, "e", pressed_ms + SECOND, "stop.changed", {**said, "stopped": False}]
    again: Row = [3, "e", pressed_ms + 2 * SECOND, "stop.changed", {**said, "stopped": True}]
    hub.cloud.clock.advance(60)
    await hub.send(pressed, lifted, again)
    await hub.delete(f"{hub.house_url}/stop")
    hub.cloud.clock.advance(300)
    version, _ = await hub.held()
    await hub.restore(holds=4)
    assert await hub.send(pressed, lifted, again) == 0
    assert await hub.shown() is None
    assert await hub.held() == (version, False)
    assert len(await hub.log("house.stopped")) == 2
    assert len(await hub.log("house.stop_released")) == 2
    # What was pressed while the cloud was away, behind the rows of the image, is new.
    await hub.stop(stopped=True)
    assert await hub.shown() is not None
    assert await hub.held() == (version + 1, True)


async def test_a_press_without_a_time_in_an_image_of_the_card_stops_its_house(hub: Hub) -> None:
    await hub.restore(holds=1)
    assert await hub.stop(stopped=True, ago_s=40 * 365 * 86_400) == 0
    assert await hub.shown() is not None


async def test_a_stop_that_was_lifted_at_the_hub_is_over(hub: Hub) -> None:
    await hub.post(f"{hub.house_url}/stop")
    version, _ = await hub.held()
    hub.cloud.clock.advance(60)
    await hub.stop(stopped=False)
    assert await hub.shown() is None
    assert await hub.held() == (version + 1, False)
    assert [who for who, _ in await hub.log("house.stop_released")] == [hub.owner.user_id]


async def test_open_screens_hear_of_it(hub: Hub) -> None:
    await hub.stop(stopped=True)
    answer = await hub.cloud.get(f"{hub.farm_url}/changes?since=0", hub.owner)
    assert {"what": "stop", "id": str(hub.yard.house_id)} in [
        item["data"] for item in answer["items"]
    ]


async def test_the_same_word_twice_is_one_stop(hub: Hub) -> None:
    await hub.stop(stopped=True)
    first = await hub.shown()
    hub.cloud.clock.advance(5)
    await hub.stop(stopped=True)
    assert await hub.shown() == first
    await hub.delete(f"{hub.house_url}/stop")
    assert await hub.shown() is None


@pytest.mark.parametrize("ago_s", [0, 30, 90])
async def test_a_stop_that_was_pressed_at_the_hub_too_is_in_the_log_with_who_pressed_it(
    hub: Hub, ago_s: float
) -> None:
    hub.cloud.clock.advance(600)
    await hub.post(f"{hub.house_url}/stop")
    first = await hub.shown()
    hub.cloud.clock.advance(60)
    version, _ = await hub.held()
    assert await hub.stop(stopped=True, ago_s=ago_s) == 0
    assert await hub.shown() == first
    said = {"origin": "farm", "hub": str(hub.yard.hub_id)}
    assert (hub.owner.user_id, said) in await hub.log("house.stopped")
    # The hub learns that its word was heard: it need not keep it any longer.
    assert await hub.held() == (version + 1, True)


@pytest.mark.parametrize("kind", ["house", "farm"])
async def test_an_image_of_the_card_does_not_bring_back_a_stop_that_the_cloud_had_already(
    hub: Hub, kind: str
) -> None:
    url = {"house": hub.house_url, "farm": hub.farm_url}[kind]
    await hub.post(f"{url}/stop")
    hub.cloud.clock.advance(60)
    said = {"house": str(hub.yard.house_id), "by": str(hub.owner.user_id), "stopped": True}
    pressed: Row = [1, "e", hub.now_ms, "stop.changed", said]
    await hub.send(pressed)
    hub.cloud.clock.advance(60)
    await hub.delete(f"{hub.farm_url}/stop")
    await hub.delete(f"{hub.house_url}/stop")
    logged = await hub.log("house.stopped")
    held = await hub.held()
    for holds in (4, 8):
        await hub.restore(holds=holds)
        assert await hub.send(pressed) == 0
        assert await hub.shown() is None
        assert await hub.held() == (held[0], False)
        assert await hub.log("house.stopped") == logged


async def test_a_lift_from_before_a_stop_was_not_meant_for_it(hub: Hub) -> None:
    await hub.post(f"{hub.house_url}/stop")
    version, _ = await hub.held()
    await hub.stop(stopped=True, ago_s=3600)
    await hub.stop(stopped=False, ago_s=1800)
    assert await hub.shown() is not None
    assert await hub.held() == (version + 1, True)


async def test_a_stop_by_somebody_without_a_name_or_a_clock_holds_all_the_same(hub: Hub) -> None:
    assert await hub.stop(stopped=True, by=hub.yard.hub_id, ago_s=40 * 365 * 86_400) == 0
    stop = await hub.shown()
    assert stop is not None
    assert stop["by"] is None


async def test_the_log_names_the_button_that_was_pressed(hub: Hub) -> None:
    data = {
        "house": str(hub.yard.house_id),
        "stopped": True,
        "by": str(hub.yard.hub_id),
        "device": str(hub.yard.sensor),
    }
    await hub.say("stop.changed", data)
    async with hub.cloud.context.database.transaction() as tx:
        found = await tx.session.scalar(
            text("SELECT device_id FROM events WHERE type = 'house.stopped'")
        )
    assert found == hub.yard.sensor


async def test_lifting_one_house_at_its_hub_leaves_the_farms_stop_to_the_others(hub: Hub) -> None:
    other = await make_yard(hub.cloud.context.database, farm_id=hub.yard.farm_id, number=2)
    await hub.post(f"{hub.farm_url}/stop")
    hub.cloud.clock.advance(60)
    await hub.stop(stopped=False)
    assert await hub.shown() is None
    state = await hub.cloud.get(f"{hub.farm_url}/houses/{other.house_id}/state", hub.owner)
    assert state["stop"]["by"]["name"] == "Owner of Kandal"
    await hub.delete(f"{hub.farm_url}/houses/{other.house_id}/stop")
    assert (await hub.cloud.get(hub.farm_url, hub.owner))["stopped"] is False


@pytest.mark.parametrize(
    "data",
    [
        {"house": "x", "stopped": True, "by": "x"},
        {"stopped": True},
        {"house": str(UUID(int=5)), "stopped": "yes"},
        {"house": str(UUID(int=5)), "stopped": True},
    ],
)
async def test_a_stop_of_no_house_of_the_farm_is_put_aside(
    hub: Hub, data: dict[str, object]
) -> None:
    assert await hub.say("stop.changed", data) == 1


async def test_a_stop_while_its_hub_says_hello_is_taken_when_it_is_said_again(hub: Hub) -> None:
    async with hub.cloud.context.database.transaction() as hello:
        await hello.session.execute(
            text("SELECT FROM hubs WHERE id = :hub FOR NO KEY UPDATE"), {"hub": hub.yard.hub_id}
        )
        with pytest.raises(DBAPIError):
            await hub.stop(stopped=True)
    assert await hub.stop(stopped=True) == 0
    assert await hub.shown() is not None


# ----------------------------------------------------------------------------------------- alerts


async def raised(hub: Hub) -> str:
    alert = str(uuid4())
    house, tank = str(hub.yard.house_id), str(hub.yard.sensor)
    await hub.send(
        [hub.sent + 1, "a", alert, hub.now_ms, "water_low", "raised", house, tank, 20.0, 12.0]
    )
    return alert


async def alert_of(hub: Hub, alert: str) -> dict[str, object]:
    found: dict[str, object] = await hub.cloud.get(f"{hub.farm_url}/alerts/{alert}", hub.owner)
    return found


async def test_an_alert_that_was_seen_at_the_hub_is_acknowledged_by_name(hub: Hub) -> None:
    alert = await raised(hub)
    said = {"alert": alert, "by": str(hub.owner.user_id)}
    assert await hub.say("alert.acknowledged", said) == 0
    seen = await alert_of(hub, alert)
    assert (seen["state"], seen["acknowledged_by"]) == (
        "acknowledged",
        {"id": str(hub.owner.user_id), "name": "Owner of Kandal"},
    )
    assert [who for who, _ in await hub.log("alert.acknowledged")] == [hub.owner.user_id]


async def test_an_alert_that_was_seen_at_a_hub_without_a_clock_is_acknowledged(hub: Hub) -> None:
    alert = await raised(hub)
    said = {"alert": alert, "by": str(hub.owner.user_id)}
    assert await hub.say("alert.acknowledged", said, ago_s=hub.now_ms / SECOND) == 0
    seen = await alert_of(hub, alert)
    assert seen["state"] == "acknowledged"
    assert seen["acknowledged_at"] == to_rfc3339(from_ms(hub.now_ms)).replace(".000Z", "Z")


async def test_who_had_the_cameras_look_at_the_hub_is_in_the_log_by_name(hub: Hub) -> None:
    said = {"house": str(hub.yard.house_id), "by": str(hub.owner.user_id)}
    assert await hub.say("photograph.requested", said) == 0
    assert await hub.say("photograph.requested", said | {"by": str(hub.yard.hub_id)}) == 0
    names = [who for who, _ in await hub.log("photograph.requested")]
    assert names == [hub.owner.user_id, None]


async def test_an_alert_that_somebody_without_a_name_has_seen_stays_seen(hub: Hub) -> None:
    alert = await raised(hub)
    await hub.say("alert.acknowledged", {"alert": alert, "by": str(hub.yard.hub_id)})
    seen = await alert_of(hub, alert)
    assert (seen["state"], seen["acknowledged_by"]) == ("acknowledged", None)
    assert seen["acknowledged_at"] is not None
    again = await hub.cloud.http.put(
        f"{hub.farm_url}/alerts/{alert}/acknowledge", headers=hub.owner.headers
    )
    assert again.json() == seen


async def test_who_has_seen_it_in_the_cloud_first_stays_who_has_seen_it(hub: Hub) -> None:
    alert = await raised(hub)
    await hub.cloud.http.put(
        f"{hub.farm_url}/alerts/{alert}/acknowledge", headers=hub.owner.headers
    )
    first = await alert_of(hub, alert)
    await hub.say("alert.acknowledged", {"alert": alert, "by": str(hub.yard.hub_id)})
    assert await alert_of(hub, alert) == first


@pytest.mark.parametrize("alert", ["x", str(UUID(int=5)), None])
async def test_an_alert_that_nobody_knows_is_put_aside(hub: Hub, alert: str | None) -> None:
    assert await hub.say("alert.acknowledged", {"alert": alert, "by": None}) == 1


# ------------------------------------------------------------------------------------------- runs


async def test_a_run_that_was_asked_for_at_the_hub_bears_the_name_of_who_asked(hub: Hub) -> None:
    schedule, request = str(uuid4()), str(uuid4())
    said = {"schedule": schedule, "request": request, "by": str(hub.owner.user_id)}
    assert await hub.say("schedule.asked", said) == 0
    at = hub.now_ms
    await hub.send([hub.sent + 1, "x", schedule, at, at, "executed", None, request])
    async with hub.cloud.context.database.transaction() as tx:
        rows = await tx.session.execute(
            text("SELECT id, outcome, requested_by, expires_at FROM schedule_executions")
        )
        assert rows.all() == [(UUID(request), "executed", hub.owner.user_id, None)]
    assert len(await hub.log("schedule.requested")) == 1


@pytest.mark.parametrize("said", [{}, {"schedule": "x", "request": "y", "by": "z"}])
async def test_a_run_of_nothing_is_put_aside(hub: Hub, said: dict[str, object]) -> None:
    assert await hub.say("schedule.asked", said) == 1
