"""The picture of a house's screen: what its cameras saw last, or what was hung there since."""

import os
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from tests.support.house import House
from tests.support.seen import picture, seen_in, tell
from tokkatot.cloud.detections.service import PICTURES_KEPT
from tokkatot.cloud.platform.objects import picture_key


async def hang(house: House, at: datetime) -> None:
    key = picture_key(house.yard.house_id)
    await house.cloud.context.objects.put(key, b"\xff\xd8jpeg")
    # Files are dated by the clock of their disk.
    file = house.cloud.context.settings.data_dir / "objects" / key
    os.utime(file, (at.timestamp(), at.timestamp()))


async def pictured(house: House) -> tuple[str | None, httpx.Response]:
    """Return of when the picture is that the screen names, and the picture."""
    named = (await house.cloud.get(f"{house.url}/state", house.owner))["picture"]
    answer = await house.cloud.http.get(f"{house.url}/picture", headers=house.owner.headers)
    return None if named is None else named["t"], answer


async def test_the_picture_of_a_house_is_what_its_camera_saw_last(house: House) -> None:
    nothing, missing = await pictured(house)
    await tell(house, 1)
    await tell(house, 2)
    [seen, _] = await seen_in(house)
    t, answer = await pictured(house)
    again = await house.cloud.http.get(
        f"{house.url}/picture",
        headers={**house.owner.headers, "If-None-Match": answer.headers["ETag"]},
    )

    assert (nothing, missing.status_code) == (None, 404)
    assert (t, answer.content) == (seen["t"], picture(2))
    assert answer.headers["content-type"] == "image/jpeg"
    assert again.status_code == 304


@pytest.mark.parametrize(("hung_after", "shows"), [(-60.0, "seen"), (60.0, "hung")])
async def test_the_newer_picture_is_shown(house: House, hung_after: float, shows: str) -> None:
    await tell(house)
    [seen] = await seen_in(house)
    # A file's date in seconds is a fraction that not every disk keeps.
    hung = datetime.fromisoformat(seen["t"]).replace(microsecond=0) + timedelta(seconds=hung_after)
    await hang(house, hung)

    t, answer = await pictured(house)
    newest = {"seen": picture(1), "hung": b"\xff\xd8jpeg"}
    assert answer.content == newest[shows]
    assert datetime.fromisoformat(t or "") == max(hung, datetime.fromisoformat(seen["t"]))


async def test_a_picture_that_is_dated_ahead_holds_no_place(house: House) -> None:
    ahead = await tell(house, 1)
    async with house.cloud.context.database.transaction() as tx:
        by = {"which": ahead, "by": timedelta(hours=20)}
        await tx.session.execute(text("UPDATE detections SET t = t + :by WHERE id = :which"), by)
    only_ahead, _ = await pictured(house)
    await tell(house, 2)
    _, answer = await pictured(house)

    assert only_ahead is None
    assert answer.content == picture(2)


async def test_a_camera_that_was_taken_down_shows_nothing_for_ever(house: House) -> None:
    await tell(house)
    async with house.cloud.context.database.transaction() as tx:
        long_ago = {"long": PICTURES_KEPT + timedelta(days=1)}
        await tx.session.execute(text("UPDATE detections SET t = t - :long"), long_ago)
    assert (await pictured(house))[0] is None
