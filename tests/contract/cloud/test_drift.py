"""Twins that no longer foretell what comes: told once, and over when they do again."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from tests.support.house import House
from tokkatot.cloud.alerts.drift import BACK_UNDER_K, DRIFTED_K, FEWEST, LOOKED_BACK
from tokkatot.cloud.intelligence.model import Decision
from tokkatot.cloud.main import watch_twins
from tokkatot.domain.autopilot import AutopilotMode


async def decided(house: House, off_k: float | None, *, times: int = FEWEST) -> None:
    """Let a hub have told of so many decisions until now, every five minutes."""
    async with house.cloud.context.database.transaction() as tx:
        await tx.session.execute(text("DELETE FROM autopilot_decisions"))
        rows = [
            {
                "house_id": house.yard.house_id,
                "t": tx.now - timedelta(minutes=5 * number),
                "mode": AutopilotMode.ADVISE,
                "shift_k": 0.0,
                "air_c": 27.0,
                "foretold_c": None if off_k is None else 27.0 + off_k * (-1) ** number,
            }
            for number in range(times)
        ]
        await tx.session.execute(insert(Decision), rows)


async def standing(house: House) -> list[tuple[str, str, float, float]]:
    found = (await house.cloud.get(f"{house.farm_url}/alerts", house.owner))["items"]
    return [
        (one["type"], one["severity"], one["threshold"], one["actual"])
        for one in found
        if one["cleared_at"] is None
    ]


async def test_a_twin_that_drifts_is_told_of_once_and_in_words(house: House) -> None:
    await decided(house, 1.3)
    await watch_twins(house.cloud.context)
    await watch_twins(house.cloud.context)
    assert await standing(house) == [("twin_drift", "warning", DRIFTED_K, 1.3)]
    messages = (await house.cloud.get("/v1/users/me/messages", house.owner))["items"]
    assert len(messages) == 1
    assert "គំរូ" in messages[0]["what"]
    assert messages[0]["value"] == "១.៣ °C (កំណត់ ១ °C)"


async def test_it_is_over_when_the_twin_is_near_again_and_not_before(house: House) -> None:
    await decided(house, 1.3)
    await watch_twins(house.cloud.context)
    await decided(house, (DRIFTED_K + BACK_UNDER_K) / 2)
    await watch_twins(house.cloud.context)
    assert len(await standing(house)) == 1
    await decided(house, 0.3)
    await watch_twins(house.cloud.context)
    assert await standing(house) == []


async def test_it_is_over_when_nothing_is_foretold_any_more(house: House) -> None:
    await decided(house, 1.3)
    await watch_twins(house.cloud.context)
    house.cloud.clock.advance(LOOKED_BACK.total_seconds() - 3600)
    await watch_twins(house.cloud.context)
    owner = await house.cloud.log_in(house.owner.login)
    house.owner = owner
    assert await standing(house) == []


@pytest.mark.parametrize(("off_k", "times"), [(5.0, FEWEST - 1), (0.9, FEWEST), (None, FEWEST)])
async def test_few_near_or_no_foretellings_are_no_drift(
    house: House, off_k: float | None, times: int
) -> None:
    await decided(house, off_k, times=times)
    await watch_twins(house.cloud.context)
    assert await standing(house) == []
