"""Photographs of droppings on the phones: sent, seen by others at once, marked, told of."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import FilePayload, Page, Route, WebSocketRoute, expect

from tests.support.axe import violations
from tests.support.phones import MANAGER, VIEWER, Demo, Phone
from tests.support.pictures import drawn, encoded
from tests.support.stack import until
from tokkatot.sim.farm import PASSWORD

pytestmark = pytest.mark.usefixtures("models")

COOP = "Coop 1"
JUDGED_MS = 120_000


@pytest.fixture(scope="module")
def models(demo: Demo) -> None:
    """The models, which are started when somebody asks for them."""
    with httpx.Client(base_url=f"{demo.stack.url}/v1", timeout=120) as http:
        login = {"login": MANAGER, "password": PASSWORD}
        token = http.post("/auth/login", json=login).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"

        def answer() -> bool:
            try:
                return http.get("/ai/health").is_success
            except httpx.HTTPError:
                return False

        until("the models answer", answer, within_s=400)


def photograph(seed: int) -> FilePayload:
    return {"name": f"{seed}.jpg", "mimeType": "image/jpeg", "buffer": encoded(drawn(seed))}


def sent(page: Page, seed: int) -> str:
    """Send a photograph, and return what its verdict is called."""
    # What was seen before, or that nothing was.
    expect(page.locator("main .card").first).to_be_visible()
    shown = page.locator("[data-detection]")
    before = shown.get_attribute("data-detection") if shown.count() else None
    page.locator("[data-upload]").set_input_files(files=[photograph(seed)])
    found = page.wait_for_function(
        """before => {
            const now = document.querySelector('[data-detection]')?.dataset.detection
            return now !== before && now
        }""",
        arg=before,
        timeout=JUDGED_MS,
    )
    return str(found.json_value())


@pytest.fixture
def speaking(phone: Phone, demo: Demo) -> Iterator[Callable[[str], Page]]:
    """A manager's phone in a language; the account keeps it, so the others get theirs back."""

    def speak(language: str) -> Page:
        phone.page.goto(f"{demo.stack.url}/settings")
        phone.page.locator(f'[data-choice="{language}"]').click()
        expect(phone.page.locator("html")).to_have_attribute("lang", language)
        return phone.page

    phone.log_in(MANAGER)
    phone.page.wait_for_selector("[data-house]")
    yield speak
    speak("km")


@pytest.mark.parametrize(("language", "seed"), [("km", 1), ("en", 2)])
def test_a_photograph_is_judged_seen_on_another_phone_at_once_and_marked(
    speaking: Callable[[str], Page],
    new_phone: Callable[[], Phone],
    demo: Demo,
    language: str,
    seed: int,
) -> None:
    place = f"{demo.stack.url}{demo.house_path(COOP)}/droppings"
    page, other = speaking(language), new_phone()
    other.log_in(VIEWER)
    other.page.wait_for_selector("[data-house]")
    other.page.goto(place)
    page.goto(place)
    detection = sent(page, seed)

    shown = page.locator(f'[data-detection="{detection}"]')
    expect(shown).to_have_attribute("data-look", "unknown")
    expect(shown.locator("img")).to_be_visible()
    seen = other.page.locator(f'[data-detection="{detection}"] img')
    expect(seen).to_be_visible()
    expect(other.page.locator("[data-upload]")).to_have_count(0)
    assert violations(page, language) == []

    shown.locator("[data-wrong]").click()
    shown.locator('[data-choice="healthy"]').click()
    assert violations(page, f"{language}, marking") == []
    shown.locator("[data-say]").click()
    expect(shown.locator("[data-marked]")).to_be_visible()


def test_a_message_shows_the_photograph_that_it_is_about(phone: Phone, demo: Demo) -> None:
    page = phone.page
    phone.log_in(MANAGER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/droppings")
    detection = sent(page, 3)

    def told(route: Route) -> None:
        message = {
            "id": detection,
            "farm_id": demo.farm_id,
            "alert_id": None,
            "kind": "alert",
            "importance": "important",
            "t": "2026-11-21T07:00:00Z",
            "what": "Coccidiosis?",
            "farm": "",
            "house": COOP,
            "device": None,
            "value": None,
            "advice": "",
            "picture": f"/v1/farms/{demo.farm_id}/detections/{detection}/picture",
            "read_at": None,
        }
        route.fulfill(json={"items": [message], "next_cursor": None})

    page.route("**/users/me/messages?*", told)
    page.locator('nav a[href="/messages"]').click()

    picture = page.locator("[data-message] [data-photograph] img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0


@pytest.mark.parametrize("language", ["km", "en"])
def test_the_camera_looks_when_somebody_taps_and_other_models_have_their_say(
    speaking: Callable[[str], Page], demo: Demo, language: str
) -> None:
    page = speaking(language)
    lines: list[WebSocketRoute] = []

    def joined(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    def tell(kind: str, **data: object) -> None:
        frame = {"type": kind, "farm": demo.farm_id, "t": 1, "data": data}
        lines[-1].send(json.dumps(frame))

    page.route_web_socket("**/v1/ws", joined)
    page.route("**/detections?*", lambda route: route.fulfill(json=seen_by_a_camera(demo)))
    page.route("**/picture", lambda route: route.fulfill(body=photograph(4)["buffer"]))
    page.route("**/photograph", lambda route: route.fulfill(status=202, json={"id": "r"}))
    page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/droppings")

    second, button = page.locator("[data-second]"), page.locator("[data-photograph-now]")
    expect(second).to_have_attribute("data-second", "differs")
    assert violations(page, language) == []
    # What is told before the line stands is not heard.
    expect(page.locator('[data-link="live"]')).to_be_attached()
    button.click()
    expect(button).to_be_disabled()
    house = demo.house_path(COOP).rsplit("/", 1)[1]
    tell("photograph.failed", house_id=house, request="r", reason="no_picture")
    expect(page.locator("[data-why]")).to_have_attribute("data-why", "no_picture")
    button.click()
    tell("detection.new", id="other", house_id=house, camera="front")
    expect(button).to_be_enabled()
    expect(page.locator("[data-why]")).to_have_count(0)


def seen_by_a_camera(demo: Demo) -> dict[str, object]:
    """Return a list of one photograph of which the models of the cloud say something else."""
    said = {"disease": "newcastle", "confidence": 0.91, "alert": True, "models": "of the hub"}
    other = {"disease": "healthy", "confidence": 0.7, "alert": False, "models": "of the cloud"}
    path = f"/v1/farms/{demo.farm_id}/detections/d1"
    detection = {
        **said,
        "id": "d1",
        "house_id": demo.house_path(COOP).rsplit("/", 1)[1],
        "camera": "front",
        "t": "2026-11-21T07:00:00Z",
        "reasons": ["confident"],
        "picture": f"{path}/picture",
        "original": f"{path}/original",
        "second_opinion": {**other, "agrees": False},
        "right": None,
        "marked_as": None,
        "marked_by": None,
        "consent": False,
    }
    return {"items": [detection], "next_cursor": None}
