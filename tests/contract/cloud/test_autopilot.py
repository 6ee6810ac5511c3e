"""Learned policies in the cloud: taken in, given to houses, allowed, told of, accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from tests.support.autopilot import wanting
from tests.support.cloud import Person
from tests.support.house import House
from tests.support.yard import Row
from tokkatot.cloud.farms.hubs import touch_hub
from tokkatot.cloud.farms.model import Hub
from tokkatot.cloud.intelligence.model import Decision, HouseAutopilot
from tokkatot.cloud.intelligence.registry import add_policy
from tokkatot.cloud.intelligence.service import ACCEPTED_FOR, FRESH_FOR, KEPT
from tokkatot.cloud.intelligence.store import held, purge
from tokkatot.cloud.jobs.model import Job
from tokkatot.cloud.main import job_kinds
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.sync.desired import build_desired
from tokkatot.cloud.twins import calibrating
from tokkatot.domain.autopilot import Autopilot, AutopilotMode, HouseTwin
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import HubId
from tokkatot.kit.clock import to_ms
from tokkatot.wire.autopilot import DECIDED, Decided, event_data

POLICY, OTHER = wanting(1.0), wanting(-1.0)
BARE = {"heater_w": 0.0, "fan_m3_s": 0.0, "fan_w": 0.0, "stir_m_s": 0.0, "stir_w": 0.0}
"""What no device does the twin can't do either."""


@dataclass
class Coop:
    """A coop with a policy, and staff who look after such."""

    house: House
    staff: Person

    async def say(self, mode: str, *, by: Person | None = None, status: int = 200) -> Any:
        answer = await self.house.cloud.http.put(
            f"{self.house.url}/autopilot",
            json={"mode": mode},
            headers=(by or self.house.owner).headers,
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def view(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = await self.house.cloud.get(
            f"{self.house.url}/recommendation", self.house.owner
        )
        return found

    async def tell(self, seq: int = 1, after_s: float = 0.0, **said: object) -> None:
        """Let the hub tell of a decision."""
        fields: dict[str, Any] = {"mode": "advise", "sha256": POLICY.sha256} | said
        decided = Decided(house=self.house.yard.house_id, **fields)
        t_ms = self.house.now_ms + round(1000 * after_s)
        row: Row = [seq, "e", t_ms, DECIDED, event_data(decided)]
        await self.house.send("events", [row], seq)

    async def accept(self, advised_k: float, *, status: int = 200, **body: object) -> Any:
        return await self.house.cloud.post(
            f"{self.house.url}/recommendation/accept",
            {"advised_k": advised_k} | body,
            self.house.owner,
            status=status,
        )

    async def deploy(self, *houses: UUID, sha256: str = POLICY.sha256, status: int = 204) -> Any:
        answer = await self.house.cloud.http.post(
            f"/v1/ml/models/{sha256}/deploy",
            json={"houses": [str(one) for one in houses or (self.house.yard.house_id,)]},
            headers=self.staff.headers,
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def beside(self) -> House:
        """Return the house once more, by another hub that the whole farm has."""
        body = {"farm_id": str(self.house.yard.farm_id), "name": "farm's"}
        made = await self.house.cloud.post("/v1/staff/hubs", body, self.staff)
        yard = replace(self.house.yard, hub_id=HubId(UUID(made["hub"]["id"])))
        other = replace(self.house, yard=yard)
        await other.reconnect("boot")
        return other

    async def fitted(
        self, *, house: str = "open", floor_m2: float | None = None, **parameters: float
    ) -> None:
        """Let a fit of the house, over that floor, have ended."""
        cloud = self.house.cloud
        kind = job_kinds(cloud.context, cloud.readings)[calibrating.KIND]
        async with cloud.context.database.transaction() as tx:
            job = Job(
                id=tx.new_id(), farm_id=self.house.yard.farm_id, house_id=self.house.yard.house_id
            )
            beside: dict[str, Any] = {"built": {"floor_m2": floor_m2, "equipped": {}}}
            await kind.take(tx, job, beside, fit_result(house, **parameters))

    async def desired(self) -> DesiredDocument:
        async with self.house.cloud.context.database.transaction() as tx:
            return await build_desired(tx, self.house.yard.hub_id)


@pytest.fixture
async def coop(house: House) -> Coop:
    """A coop to which staff have deployed a policy."""
    made = Coop(house, await house.cloud.staff())
    async with house.cloud.context.database.transaction() as tx:
        for file in (POLICY, OTHER):
            await add_policy(tx, file.card, file.model)
    await made.deploy()
    return made


async def test_a_house_without_a_policy_says_so_and_can_only_be_off(house: House) -> None:
    bare = Coop(house, house.owner)
    shown = await bare.view()
    assert (shown["mode"], shown["policy"], shown["decision"]) == ("off", None, None)
    assert (await bare.say("off"))["mode"] == "off"
    assert (await bare.say("advise", status=409))["code"] == "conflict"


async def test_the_screen_is_told_that_no_measured_house_was_there_to_judge_by(coop: Coop) -> None:
    assert (await coop.view())["validated"] is False


async def test_staff_see_the_policies_with_their_cards(coop: Coop) -> None:
    found = (await coop.house.cloud.get("/v1/ml/models", coop.staff))["items"]
    assert {one["id"] for one in found} == {POLICY.sha256, OTHER.sha256}
    assert {one["card"]["name"] for one in found} == {"test"}


async def test_a_policy_comes_with_the_signed_document_once_it_may_do_something(
    coop: Coop,
) -> None:
    before = await coop.desired()
    assert (before.houses[0].autopilot, before.policies) == (Autopilot(), ())

    await coop.say("advise")

    after = await coop.desired()
    assert after.version > before.version
    assert after.houses[0].autopilot.mode is AutopilotMode.ADVISE
    assert [(one.sha256, one.model) for one in after.policies] == [(POLICY.sha256, POLICY.model)]
    assert (await coop.view())["held"] is False


def fit_result(house: str, **parameters: float) -> dict[str, Any]:
    """Return what the program of a fit of a coop says."""
    off = {"air_k": 0.8, "humidity_pct": 5.0, "co2_ppm": None}
    told = {name: {"value": it, "low": it / 2, "high": it * 2} for name, it in parameters.items()}
    card = {
        "house": house,
        "parameters": told,
        "days_fitted": 6,
        "days_held_out": 2,
        "held_out_before": off,
        "held_out_after": off,
    }
    return {"card": card, "before": dict.fromkeys(parameters, 1.0)}


async def test_a_fit_reaches_the_hub_s_shield_once_its_policy_may_do_something(coop: Coop) -> None:
    await coop.fitted(heat_total=0.8)
    assert (await coop.desired()).houses[0].autopilot.twin is None
    await coop.say("advise")
    before = await coop.desired()
    assert before.houses[0].autopilot.twin == HouseTwin(
        house="open", equipped=BARE, fitted={"heat_total": 0.8}
    )

    await coop.fitted(heat_total=0.9)

    after = await coop.desired()
    assert after.version > before.version
    assert after.houses[0].autopilot.twin == HouseTwin(
        house="open", equipped=BARE, fitted={"heat_total": 0.9}
    )
    assert (await coop.view())["held"] is False


async def test_a_fit_goes_with_the_floor_that_it_was_made_over(coop: Coop) -> None:
    await coop.say("advise")
    await coop.fitted(heat_total=0.8)
    assert (await coop.view())["twin"]["off_k"] == 0.8

    body = {"floor_area_m2": 600}
    headers = coop.house.owner.headers
    said = await coop.house.cloud.http.patch(coop.house.url, json=body, headers=headers)
    assert said.status_code == 200, said.text

    assert (await coop.desired()).houses[0].autopilot.twin is None
    assert (await coop.view())["twin"] is None
    await coop.fitted(floor_m2=600.0, heat_total=0.7)
    twin = (await coop.desired()).houses[0].autopilot.twin
    assert twin is not None
    assert twin.fitted == {"heat_total": 0.7}


async def test_a_fit_that_this_program_does_not_know_stays_where_it_is(coop: Coop) -> None:
    await coop.say("advise")
    await coop.fitted(feathers=0.8)
    assert (await coop.desired()).houses[0].autopilot.twin is None


async def test_people_see_whether_the_hub_goes_by_the_fit(coop: Coop) -> None:
    await coop.tell(foretold_c=27.0)
    assert (await coop.view())["decision"]["fitted"] is False
    await coop.tell(2, after_s=300, foretold_c=27.0, fitted=True)
    assert (await coop.view())["decision"]["fitted"] is True


async def test_of_two_hubs_the_nearer_one_alone_decides(coop: Coop) -> None:
    farms, house, database = await coop.beside(), coop.house, coop.house.cloud.context.database
    await coop.say("advise")

    async with database.transaction() as tx:
        other = await build_desired(tx, farms.yard.hub_id)
    assert [one.id for one in other.houses] == [house.yard.house_id]
    assert (other.houses[0].autopilot, other.policies) == (Autopilot(), ())
    assert (await coop.desired()).houses[0].autopilot.mode is AutopilotMode.ADVISE

    await coop.tell(advised_k=0.5, shift_k=0.25, fan_share=0.5)
    said = Decided(house=house.yard.house_id, mode="advise", refused="unready")
    later_ms = house.now_ms + 1000
    await farms.send("events", [[1, "e", later_ms, DECIDED, event_data(said)]])
    assert (await coop.view())["decision"]["advised_k"] == 0.5
    async with database.transaction() as tx:
        told = await held(tx.session, house.yard.house_id, tx.now - KEPT, tx.now + KEPT)
    assert [(one.shift_k, one.fan_share) for one in told] == [(0.25, 0.5)]


async def test_what_the_farm_s_hub_decided_before_the_house_had_its_own_counts(
    coop: Coop,
) -> None:
    farms, house = await coop.beside(), coop.house
    async with house.cloud.context.database.transaction() as tx:
        (await tx.session.get_one(Hub, house.yard.hub_id)).created_at = tx.now
    said = Decided(house=house.yard.house_id, mode="auto", shift_k=0.75)
    await farms.send("events", [[1, "e", house.now_ms - 300_000, DECIDED, event_data(said)]])
    assert (await coop.view())["decision"]["shift_k"] == 0.75


async def test_nobody_waits_for_the_version_of_a_hub_that_decides_nothing_here(coop: Coop) -> None:
    farms, house = await coop.beside(), coop.house
    async with house.cloud.context.database.transaction() as tx:
        for _ in range(9):
            await touch_hub(tx, farms.yard.hub_id)
    await coop.say("advise")
    taken = {"version": (await coop.desired()).version}
    await house.send("events", [[1, "e", house.now_ms, "desired.taken", taken]])
    assert (await coop.view())["held"] is True


async def test_a_manager_lets_it_advise_and_an_owner_alone_lets_it_steer(coop: Coop) -> None:
    manager = await coop.house.cloud.member(
        coop.house.owner, UUID(str(coop.house.yard.farm_id)), "manager"
    )
    await coop.say("advise", by=manager)
    assert (await coop.say("auto", by=manager, status=403))["code"] == "forbidden"
    assert (await coop.say("auto"))["mode"] == "auto"
    assert (await coop.say("off", by=manager))["mode"] == "off"


async def test_what_a_hub_decided_is_shown_and_fills_no_log(coop: Coop) -> None:
    await coop.say("advise")
    await coop.tell(advised_k=0.5, refused="settling", air_c=27.1, foretold_c=26.9)

    decision = (await coop.view())["decision"]
    assert (decision["shift_k"], decision["advised_k"]) == (0.0, 0.5)
    assert (decision["refused"], decision["air_c"], decision["foretold_c"]) == (
        "settling",
        27.1,
        26.9,
    )
    assert decision["fresh"] is True
    async with coop.house.cloud.context.database.transaction() as tx:
        logged = await tx.session.scalar(
            text("SELECT count(*) FROM events WHERE type = :type"), {"type": DECIDED}
        )
    assert logged == 0


async def test_the_page_tells_the_limits_that_are_held_at_this_age_and_no_others(
    coop: Coop,
) -> None:
    cloud, owner = coop.house.cloud, coop.house.owner
    today = cloud.clock.now().date().isoformat()
    flock = {"placed_on": today, "placed_count": 500}
    await cloud.post(f"{coop.house.url}/flocks", flock, owner)
    warmth = {
        "kind": "temperature_curve",
        "minimum_c": [{"day": 0, "value": 30}],
        "maximum_c": [{"day": 0, "value": 33}],
    }
    house_id = str(coop.house.yard.house_id)
    body = {"house_id": house_id, "name": "Warmth", "does": warmth}
    await cloud.post(f"{coop.house.farm_url}/schedules", body, owner)
    await coop.say("auto")
    await coop.tell(shift_k=0.5, advised_k=3.0)

    shown = await coop.view()
    assert (shown["temperature_min_c"], shown["temperature_max_c"]) == (30.0, 33.0)
    decision = shown["decision"]
    all_fans = {"fan_share": 1.0}
    assert decision["held"] == {"temperature_min_c": 30.5, "temperature_max_c": 33.5} | all_fans
    # The hard limit is 35 °C: there is no room for it.
    assert decision["advised"] == {"temperature_min_c": 30.0, "temperature_max_c": 33.0} | all_fans


async def test_a_decision_that_is_told_again_is_kept_once(coop: Coop) -> None:
    await coop.tell()
    await coop.tell(2)
    await coop.tell(3, after_s=300)
    async with coop.house.cloud.context.database.transaction() as tx:
        assert await tx.session.scalar(select(func.count()).select_from(Decision)) == 2


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"house": "0190b5a0-0000-7000-8000-00000000ffff", "mode": "auto"},
        {"house": "x", "mode": "auto"},
        {"house": "0190b5a0-0000-7000-8000-00000000ffff", "mode": "auto", "shift_k": 99.0},
    ],
)
async def test_what_is_no_decision_of_the_farm_is_set_aside(
    coop: Coop, data: dict[str, object]
) -> None:
    await coop.house.send("events", [[1, "e", coop.house.now_ms, DECIDED, data]], 1)
    assert (await coop.view())["decision"] is None


async def test_an_accepted_advice_reaches_the_hub_and_ends_by_itself(coop: Coop) -> None:
    await coop.say("advise")
    await coop.tell(advised_k=0.5)
    shown = await coop.accept(0.5)
    until = coop.house.cloud.clock.now() + ACCEPTED_FOR
    assert shown["accepted"]["shift_k"] == 0.5

    accepted = (await coop.desired()).houses[0].autopilot.accepted
    assert accepted is not None
    assert (accepted.shift_k, accepted.until_ms) == (0.5, to_ms(until))

    coop.house.cloud.clock.advance(ACCEPTED_FOR.total_seconds())
    assert (await coop.view())["accepted"] is None


async def test_a_part_of_the_fans_is_shown_accepted_and_reaches_the_hub(coop: Coop) -> None:
    await coop.say("advise")
    await coop.tell(fan_share=0.5, advised_k=0.0, advised_share=0.25)
    decision = (await coop.view())["decision"]
    assert (decision["fan_share"], decision["advised_share"]) == (0.5, 0.25)
    assert (decision["held"]["fan_share"], decision["advised"]["fan_share"]) == (0.5, 0.25)

    shown = await coop.accept(0.0, advised_share=0.25)
    assert (shown["accepted"]["shift_k"], shown["accepted"]["fan_share"]) == (0.0, 0.25)
    accepted = (await coop.desired()).houses[0].autopilot.accepted
    assert accepted is not None
    assert (accepted.shift_k, accepted.fan_share) == (0.0, 0.25)


async def test_nobody_accepts_fewer_fans_than_they_were_shown(coop: Coop) -> None:
    await coop.say("advise")
    await coop.tell(advised_k=0.5, advised_share=0.25)
    assert (await coop.accept(0.5, status=409))["code"] == "conflict"
    for other in (1.0, 0.5):
        assert (await coop.accept(0.5, advised_share=other, status=409))["code"] == "conflict"
    assert (await coop.view())["accepted"] is None
    await coop.accept(0.5, advised_share=0.05, status=422)


@pytest.mark.parametrize("told", [{}, {"advised_share": 1.0}])
@pytest.mark.parametrize("body", [{}, {"advised_share": None}, {"advised_share": 1.0}])
async def test_where_all_fans_run_nobody_needs_to_name_them(
    coop: Coop, told: dict[str, Any], body: dict[str, Any]
) -> None:
    await coop.say("advise")
    await coop.tell(advised_k=0.5, **told)
    assert (await coop.view())["decision"]["advised"]["fan_share"] == 1.0
    assert (await coop.accept(0.5, **body))["accepted"]["fan_share"] == 1.0


async def test_the_fans_of_an_old_advice_are_not_those_of_a_new_one(coop: Coop) -> None:
    await coop.say("advise")
    await coop.tell(advised_k=0.5, advised_share=0.25)
    await coop.accept(0.5, advised_share=0.25)
    for mode in ("auto", "advise"):
        await coop.say(mode)
    async with coop.house.cloud.context.database.transaction() as tx:
        autopilot = await tx.session.get_one(HouseAutopilot, coop.house.yard.house_id)
        assert (autopilot.accepted_k, autopilot.accepted_share) == (None, 1.0)


@pytest.mark.parametrize("mode", ["off", "auto"])
async def test_there_is_nothing_to_accept_where_nobody_is_asked(coop: Coop, mode: str) -> None:
    await coop.tell(advised_k=0.5)
    await coop.say(mode)
    assert (await coop.accept(0.5, status=409))["code"] == "conflict"


async def test_old_or_other_advice_is_not_accepted(coop: Coop) -> None:
    await coop.say("advise")
    assert (await coop.accept(0.5, status=409))["code"] == "conflict"
    await coop.tell(advised_k=0.5)
    assert (await coop.accept(0.4, status=409))["code"] == "conflict"
    coop.house.cloud.clock.advance((FRESH_FOR + timedelta(seconds=1)).total_seconds())
    assert (await coop.accept(0.5, status=409))["code"] == "conflict"


async def test_whoever_changes_the_mode_ends_what_was_accepted(coop: Coop) -> None:
    await coop.say("advise")
    await coop.tell(advised_k=0.5)
    await coop.accept(0.5)
    await coop.say("auto")
    assert (await coop.desired()).houses[0].autopilot.accepted is None


async def test_another_policy_ends_what_was_accepted_of_the_first(coop: Coop) -> None:
    await coop.say("advise")
    await coop.tell(advised_k=0.5)
    await coop.accept(0.5)
    await coop.deploy(sha256=OTHER.sha256)
    autopilot = (await coop.desired()).houses[0].autopilot
    assert (autopilot.policy, autopilot.accepted) == (OTHER.sha256, None)
    assert (await coop.accept(0.5, status=409))["code"] == "conflict"


async def test_a_policy_is_deployed_to_houses_of_its_kind_alone(coop: Coop) -> None:
    greenhouse = await coop.house.cloud.post(
        f"{coop.house.farm_url}/houses", {"name": "G", "kind": "greenhouse"}, coop.house.owner
    )
    refused = await coop.deploy(UUID(greenhouse["id"]), status=422)
    assert refused["errors"][0]["field"] == "body.houses"
    assert (await coop.deploy(sha256="0" * 64, status=404))["code"] == "not_found"


@pytest.mark.parametrize("birds", ["មាន់ពង", "មាន់ស្រែ"])
async def test_no_policy_is_deployed_to_birds_that_it_did_not_learn_on(
    coop: Coop, birds: str
) -> None:
    coops = f"{coop.house.farm_url}/houses"
    body = {"name": "Eggs", "kind": "coop"}
    made = await coop.house.cloud.post(coops, body, coop.house.owner)
    house = UUID(made["id"])
    await coop.deploy(house)
    flock = {"placed_on": "2026-02-01", "placed_count": 500, "chicken_type": birds}
    await coop.house.cloud.post(f"{coops}/{house}/flocks", flock, coop.house.owner)
    assert (await coop.deploy(house, status=422))["errors"][0]["code"] == "unfit"
    await coop.fitted(house="hens", heat_total=0.8)
    assert (await coop.deploy(status=422))["errors"][0]["code"] == "unfit"


async def test_an_autopilot_rests_while_birds_are_there_that_it_did_not_learn_on(
    coop: Coop,
) -> None:
    await coop.say("auto")
    flocks = f"{coop.house.url}/flocks"
    placed = {"placed_on": "2026-02-01", "placed_count": 500, "chicken_type": "មាន់ស្រែ"}
    flock = await coop.house.cloud.post(flocks, placed, coop.house.owner)
    document = await coop.desired()
    assert [house.autopilot.mode for house in document.houses] == [AutopilotMode.OFF]
    assert document.policies == ()
    assert (await coop.view())["supported"] is False
    await coop.say("off")
    assert (await coop.say("advise", status=409))["code"] == "conflict"
    path, headers = f"{flocks}/{flock['id']}", coop.house.owner.headers
    await coop.house.cloud.http.patch(path, json={"chicken_type": "broiler"}, headers=headers)
    await coop.say("auto")
    (house,) = (await coop.desired()).houses
    assert house.autopilot.mode is AutopilotMode.AUTO
    assert (await coop.view())["supported"] is True


async def test_what_is_no_policy_is_not_taken_in(house: House) -> None:
    async with house.cloud.context.database.transaction() as tx:
        with pytest.raises(Conflict, match="card"):
            await add_policy(tx, b"{}", POLICY.model)
        with pytest.raises(Conflict, match="is not the model"):
            await add_policy(tx, POLICY.card, OTHER.model)


async def test_decisions_are_forgotten_in_the_end(coop: Coop) -> None:
    await coop.tell()
    async with coop.house.cloud.context.database.transaction() as tx:
        await purge(tx.session, before=tx.now - KEPT)
    assert (await coop.view())["decision"] is not None
    async with coop.house.cloud.context.database.transaction() as tx:
        await purge(tx.session, before=tx.now + KEPT)
    assert (await coop.view())["decision"] is None
