"""The camera of a farm through its real processes: asked by a phone, judged by the hub, seen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.people import Json, Person, watching
from tests.support.pictures import drawn, encoded
from tests.support.stack import Stack
from tokkatot.sim.farm import ACCOUNTS

# The models start at the lowest priority, so on a busy machine it may take minutes.
pytestmark = pytest.mark.proof

MANAGER = ACCOUNTS[1].login
JUDGED_WITHIN_S = 120.0


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A demo whose camera looks at a drawn dropping."""
    pictures = tmp_path / "pictures"
    (pictures / "fullres_examples").mkdir(parents=True)
    (pictures / "fullres_examples" / "healthy_drawn.jpg").write_bytes(encoded(drawn(1)))
    with Stack.start(tmp_path / "demo", demo_pictures=str(pictures)) as running:
        yield running


async def test_a_photograph_that_a_phone_asks_for_is_taken_and_judged_on_the_farm(
    stack: Stack,
) -> None:
    manager = await Person.log_in(stack.url, MANAGER)
    coop = await manager.house("Coop 1")
    await coop.reporting()

    async with watching(coop) as watch:
        await manager.post(f"{coop.path}/photograph")
        frame = await watch.frame(of_the_camera, within_s=JUDGED_WITHIN_S)

    [found] = (await manager.get(f"{coop.path}/detections"))["items"]
    picture = await manager.http.get(found["picture"].removeprefix("/v1"))
    assert (found["id"], found["camera"]) == (frame["data"]["id"], "droppings")
    assert (found["disease"], found["alert"]) == ("unknown", False)
    assert "no_dropping" in found["reasons"]
    assert picture.headers["content-type"] == "image/jpeg"
    await manager.close()


def of_the_camera(frame: Json) -> bool:
    """Tell whether it says that the farm's camera saw something, or why it didn't."""
    assert frame["type"] != "photograph.failed", frame
    return bool(frame["type"] == "detection.new" and frame["data"]["camera"] == "droppings")
