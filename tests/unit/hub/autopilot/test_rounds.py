"""When policies are asked, what of, and what control makes of their answers."""

import asyncio
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from typing_extensions import override

from tests.support.autopilot import OFF as NO_AUTOPILOT
from tests.support.autopilot import WEATHER, coop, steered, wanting
from tests.support.engine import HOUSE
from tests.unit.hub.conftest import Hub
from tokkatot.automation.state import Lent
from tokkatot.domain.autopilot import Accepted, AutopilotMode, HouseTwin
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.flocks import Flock
from tokkatot.hub.autopilot.process import Deciding, NoDecision, PoliciesProcess
from tokkatot.hub.autopilot.rounds import Rounds
from tokkatot.hub.drivers.port import Sampled
from tokkatot.wire.autopilot import (
    DECIDED,
    EVERY_S,
    Asked,
    Decided,
    Standing,
    decided_in,
    event_data,
)
from tokkatot.wire.messages import EventRow

POLICY = wanting(1.0)
AUTO = coop(steered(POLICY, AutopilotMode.AUTO), POLICY)


class FakeDeciding(Deciding):
    """Decides as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.broken = False
        self.closed = 0

    @override
    async def decide(self, asked: Asked) -> Decided:
        self.asked.append(asked)
        if self.broken:
            raise NoDecision("it was killed")
        return Decided(house=asked.house, mode=asked.mode, shift_k=1.5, fan_share=0.6)

    @override
    async def close(self) -> None:
        self.closed += 1


class Farm:
    """A hub with the service that asks its policies."""

    def __init__(self, hub: Hub, policies: Deciding | None = None) -> None:
        self.hub = hub
        self.deciding = FakeDeciding()
        self.is_time_known = True
        self.rounds = Rounds(
            view=hub.control.view,
            inbox=hub.control.inbox,
            deciding=policies or self.deciding,
            journal=hub.journal,
            clock=hub.clock,
            is_time_known=lambda: self.is_time_known,
        )

    async def hold(self, document: DesiredDocument) -> None:
        await self.hub.configure(document)
        await self.live()

    async def live(self, after_s: float = 1.0) -> None:
        """Let instruments speak after a while, and a round begin where one is due."""
        self.hub.clock.advance(after_s)
        for device, quantity, value in WEATHER:
            self.hub.driver.observe(Sampled(readings=(self.hub.reading(device, quantity, value),)))
        await self.hub.turn(0.1)
        await self.rounds.look()
        await self.hub.turn(0.1)

    @property
    def shifts(self) -> list[float]:
        return [one.shift_k for one in self.lent]

    @property
    def lent(self) -> list[Lent]:
        return list(self.hub.control.view.state.lent.values())

    @property
    def told(self) -> list[Decided]:
        rows = self.hub.journal.recorded("events")
        return [
            decided_in(row.data)
            for row in rows
            if isinstance(row, EventRow) and row.type == DECIDED
        ]


@pytest.fixture
async def farm(hub: Hub) -> Farm:
    return Farm(hub)


async def test_a_policy_is_asked_of_all_that_its_house_shows(farm: Farm) -> None:
    await farm.hold(AUTO)
    [asked] = farm.deciding.asked
    assert (asked.house, asked.mode, asked.policy) == (HOUSE, "auto", POLICY)
    assert (asked.minimum_c, asked.maximum_c, asked.hard_maximum_c) == (22.0, 30.0, 35.0)
    assert (asked.inside.air_c, asked.inside.humidity_pct, asked.inside.co2_ppm) == (27, 70, 900)
    assert (asked.outside.air_c, asked.outside.humidity_pct) == (25.0, 75.0)
    # Midnight UTC is seven in the morning in Phnom Penh; the birds came four weeks before.
    assert (round(asked.hour, 1), asked.birds.age_d, asked.birds.kg) == (7.0, 28.0, 1.65)
    # Nobody wants anything, and it is between its limits: the fan of a coop runs.
    assert (asked.fans, asked.ran_share) == (1, 1.0)
    assert asked.standing == Standing(
        heating=False, venting=False, shut=False, over_hard_limit=False
    )


async def test_a_fit_is_handed_on_as_the_document_has_it(farm: Farm) -> None:
    twin = HouseTwin(house="open", equipped={"heater_w": 0.0}, fitted={"heat_total": 0.8})
    await farm.hold(coop(replace(steered(POLICY, AutopilotMode.AUTO), twin=twin), POLICY))
    assert [one.twin for one in farm.deciding.asked] == [twin]


async def test_what_it_decides_is_lent_to_control_and_told(farm: Farm) -> None:
    await farm.hold(AUTO)
    assert [(one.shift_k, one.fan_share) for one in farm.lent] == [(1.5, 0.6)]
    assert [(one.shift_k, one.fan_share) for one in farm.told] == [(1.5, 0.6)]


async def test_it_is_asked_every_five_minutes(farm: Farm) -> None:
    await farm.hold(AUTO)
    await farm.live(EVERY_S - 10)
    assert len(farm.deciding.asked) == 1
    await farm.live(11)
    assert len(farm.deciding.asked) == 2


async def test_a_house_that_is_switched_off_is_its_people_s_own_at_once(farm: Farm) -> None:
    await farm.hold(AUTO)
    await farm.hold(replace(coop(NO_AUTOPILOT), version=2))
    assert farm.shifts == []
    assert farm.deciding.closed == 1


async def test_without_an_autopilot_no_process_is_asked_or_told_of(farm: Farm) -> None:
    await farm.hold(coop(NO_AUTOPILOT))
    assert farm.deciding.asked == []
    assert farm.told == []


async def test_where_its_process_is_killed_the_house_is_its_people_s_own_at_once(
    farm: Farm,
) -> None:
    await farm.hold(AUTO)
    farm.deciding.broken = True
    await farm.live(EVERY_S)
    assert farm.shifts == []
    assert [(one.refused, one.shift_k, one.trouble) for one in farm.told][1:] == [
        ("process", 0.0, "it was killed")
    ]
    decided = farm.hub.control.view.device
    assert {decided(device.id).target for device in AUTO.devices} > {None}


async def test_a_person_s_yes_is_handed_on_as_long_as_it_lasts(farm: Farm) -> None:
    until_ms = farm.hub.clock.now_ms() + 1000 * round(EVERY_S)
    advised = replace(
        steered(POLICY, AutopilotMode.ADVISE),
        accepted=Accepted(shift_k=-0.5, fan_share=0.3, until_ms=until_ms),
    )
    await farm.hold(coop(advised, POLICY))
    await farm.live(EVERY_S)
    accepted = [(one.mode, one.accepted_k, one.accepted_share) for one in farm.deciding.asked]
    assert accepted == [("advise", -0.5, 0.3), ("advise", 0.0, 1.0)]


async def test_a_hub_that_does_not_know_the_time_asks_nobody(farm: Farm) -> None:
    farm.is_time_known = False
    await farm.hold(AUTO)
    assert farm.deciding.asked == []


def without_station(document: DesiredDocument) -> DesiredDocument:
    stays = tuple(one for one in document.devices if one.role.value != "weather_station")
    return replace(document, devices=stays)


def in_house(document: DesiredDocument, **changed: object) -> DesiredDocument:
    house = replace(document.houses[0], **changed)  # type: ignore[arg-type]  # real fields
    return replace(document, houses=(house,))


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (without_station(AUTO), "weather"),
        (replace(AUTO, policies=()), "unready"),
        (in_house(AUTO, flock=None), "unready"),
        (in_house(AUTO, flock=Flock(placed_on=date(2026, 7, 1), count=5)), "unready"),
        (in_house(AUTO, kind="greenhouse"), "unsupported"),
    ],
)
async def test_a_house_that_lacks_something_is_told_why_and_left_alone(
    farm: Farm, document: DesiredDocument, why: str
) -> None:
    await farm.hold(document)
    assert farm.deciding.asked == []
    assert [one.refused for one in farm.told] == [why]
    assert farm.shifts == []


async def test_readings_that_grew_old_are_not_handed_on(farm: Farm) -> None:
    await farm.hold(AUTO)
    farm.hub.clock.advance(EVERY_S)
    device, quantity, value = WEATHER[3]
    for one, what, number in ((device, quantity, value), (device, WEATHER[4][1], WEATHER[4][2])):
        farm.hub.driver.observe(Sampled(readings=(farm.hub.reading(one, what, number),)))
    await farm.hub.turn()
    await farm.rounds.look()
    inside = farm.deciding.asked[-1].inside
    assert (inside.air_c, inside.humidity_pct, inside.co2_ppm) == (None, None, None)


async def test_a_service_that_ends_leaves_no_process(farm: Farm) -> None:
    task = asyncio.create_task(farm.rounds.run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert farm.deciding.closed >= 1


def test_a_decision_is_read_as_it_was_told() -> None:
    said = Decided(house=UUID(int=9), mode="auto", shift_k=-1.0, refused="astray", air_c=31.0)
    assert decided_in(event_data(said)) == said


async def test_the_real_process_steers_and_its_death_gives_the_house_back(hub: Hub) -> None:
    policies = PoliciesProcess()
    farm = Farm(hub, policies)
    await farm.hold(AUTO)
    for _ in range(6):
        await farm.live(EVERY_S)
    assert [one.refused for one in farm.told] == ["settling"] * 6 + [None]
    assert farm.shifts == [pytest.approx(0.5 / 3)]
    await policies.close()
    await farm.live(EVERY_S)
    # A process that begins anew lets its policy wait again, and the house is its people's own.
    assert farm.told[-1].refused == "settling"
    assert farm.shifts == []
    await policies.close()
