"""What a farmer sees and does at the hub itself, in Khmer, on a small phone."""

import os
import signal
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.axe import violations
from tests.support.people import Json
from tests.support.phones import MANAGER, OWNER, VIEWER, Demo, Phone
from tests.support.pictures import drawn, encoded
from tests.support.stack import until
from tokkatot.domain.ids import HubId
from tokkatot.kit.clock import SystemClock, to_rfc3339
from tokkatot.sim.farm import PASSWORD
from tokkatot.wire.passes import lan_name

COOP = "Coop 1"


def pass_of(demo: Demo, login: str, house: str = COOP) -> Json:
    """Return a person's pass for a house's hub, as their phone keeps it."""
    with httpx.Client(base_url=f"{demo.stack.url}/v1", timeout=60) as http:
        answer = http.post("/auth/login", json={"login": login, "password": PASSWORD}).json()
        headers = {"Authorization": f"Bearer {answer['access_token']}"}
        page = http.post(f"/farms/{demo.farm_id}/hub-pass", headers=headers).json()
    return next(one for one in page["items"] if one["house_id"] == demo.houses[house]["id"])


def address_of(demo: Demo, house: str = COOP) -> str:
    """Return where a hub's page is, by the hub's own name."""
    hub_id = demo.houses[house]["hub"]["id"]
    port = demo.stack.hub_url(hub_id).rpartition(":")[2]
    return f"http://{lan_name(HubId(UUID(hub_id)))}:{port}"


def open_hub(phone: Phone, login: str) -> None:
    """Follow the link that carries the pass."""
    given = pass_of(phone.demo, login)
    phone.page.goto(f"{address_of(phone.demo)}/#pass={given['token']}")
    phone.page.wait_for_selector("[data-house]")


def test_the_link_leads_to_the_house_and_a_tap_moves_the_relay(phone: Phone, demo: Demo) -> None:
    open_hub(phone, MANAGER)
    assert "pass" not in phone.page.url
    expect(phone.page.locator("[data-on-hub]")).to_be_visible()
    expect(phone.page.locator("[data-house]")).to_have_count(1)
    phone.open_house(COOP)
    light = phone.control("light")
    phone.tap("light", 100)
    expect(light).to_have_attribute("data-phase", "confirmed")
    assert demo.relay(COOP, light.get_attribute("data-device") or "") == 100
    phone.tap("light", 0)
    expect(light).to_have_attribute("data-actual", "0")
    assert phone.english_words() == set()


def test_it_needs_no_service_worker_which_plain_http_does_not_have(phone: Phone) -> None:
    open_hub(phone, MANAGER)
    assert phone.page.evaluate("[isSecureContext, 'serviceWorker' in navigator]") == [False, False]
    phone.open_house(COOP)
    phone.page.reload()
    phone.page.wait_for_selector('main[data-fresh="true"]')
    expect(phone.page.locator("[data-on-hub]")).to_be_visible()


def test_a_page_that_does_not_come_leaves_the_one_on_the_screen(phone: Phone) -> None:
    open_hub(phone, MANAGER)
    phone.open_house(COOP)
    phone.context.set_offline(True)
    link = phone.page.locator("a[data-to]")
    link.click()
    missing = phone.page.locator("[data-part-missing][role=alert]")
    expect(missing).to_be_visible()
    expect(phone.control("light")).to_be_visible()
    assert "/schedules" not in phone.page.url
    phone.context.set_offline(False)
    expect(missing).to_have_count(0)
    link.click()
    expect(phone.page.locator("[data-hub-plans]")).to_be_visible()


def test_a_house_is_stopped_and_let_go_on_at_the_hub(phone: Phone, demo: Demo) -> None:
    open_hub(phone, MANAGER)
    phone.open_house(COOP)
    phone.tap("light", 100)
    expect(phone.control("light")).to_have_attribute("data-phase", "confirmed")
    phone.page.click("[data-stop]")
    phone.page.locator("dialog[open] .danger").click()
    panel = phone.page.locator("[data-stopped]")
    expect(panel).to_contain_text("Dara")
    panel.get_by_role("button").click()
    expect(panel).to_have_count(0)
    expect(phone.page.locator("[data-stop]")).to_be_visible()


def test_schedules_are_shown_and_run_at_the_hub_and_not_changed(phone: Phone, demo: Demo) -> None:
    open_hub(phone, MANAGER)
    phone.open_house(COOP)
    links = phone.page.locator("a[data-to]")
    expect(links).to_have_count(1)
    links.click()
    expect(phone.page.locator("[data-hub-plans]")).to_be_visible()
    expect(phone.page.locator("[data-add-schedule]")).to_have_count(0)
    expect(phone.page.locator("[role=switch]")).to_have_count(0)
    phone.page.locator("[data-schedule] a").first.click()
    expect(phone.page.locator("[data-run-now]")).to_be_visible()
    expect(phone.page.locator("[data-edit], [data-delete], [data-show-versions]")).to_have_count(0)
    phone.page.click("[data-run-now]")
    expect(phone.page.locator("[data-runs] li").first).to_contain_text("Dara")


def test_an_owner_sets_the_pin_of_the_hubs_in_the_app(phone: Phone, demo: Demo) -> None:
    phone.log_in(OWNER)
    phone.page.wait_for_selector("[data-house]")
    phone.page.goto(f"{demo.stack.url}/farms/{demo.farm_id}/direct")
    form = phone.page.locator("[data-hub-pin]")
    for easy in ("123456", "12345"):
        form.locator("input").fill(easy)
        form.locator('button[type="submit"]').click()
        expect(form.locator('[aria-invalid="true"]')).to_be_visible()
    form.locator("input").fill("៨០២៤៦១")
    form.locator('button[type="submit"]').click()
    expect(form.locator("[data-pin-state]")).to_contain_text("Sokha")
    form.locator("[data-remove-pin]").click()
    expect(form.locator("[data-remove-pin]")).to_have_count(0)


def test_a_later_visit_needs_no_link(phone: Phone) -> None:
    open_hub(phone, OWNER)
    phone.page.goto(phone.page.url.split("/farms")[0])
    expect(phone.page.locator("[data-house]")).to_have_count(1)
    expect(phone.page.locator("[data-on-hub]")).to_be_visible()


def test_what_only_the_cloud_has_is_not_offered(phone: Phone) -> None:
    open_hub(phone, OWNER)
    phone.page.goto(phone.page.url.split("/farms")[0] + "/settings")
    phone.page.wait_for_selector("main")
    expect(phone.page.locator("main nav")).to_have_count(0)
    expect(phone.page.locator("main form")).to_have_count(0)
    expect(phone.page.get_by_role("button", name="English")).to_be_visible()


def test_what_a_camera_saw_last_is_shown_and_it_looks_when_somebody_taps(
    phone: Phone, demo: Demo
) -> None:
    page, path = phone.page, f"/v1/farms/{demo.farm_id}/detections/d1"
    seen = {
        "id": "d1",
        "house_id": demo.houses[COOP]["id"],
        "camera": "C1",
        "t": to_rfc3339(SystemClock().now()),
        "disease": "newcastle",
        "confidence": 0.93,
        "alert": True,
        "reasons": ["confident"],
        "models": "of the hub",
        "picture": f"{path}/picture",
        **dict.fromkeys(("original", "second_opinion", "right", "marked_as", "marked_by")),
        "consent": False,
    }
    listed = {"items": [seen], "next_cursor": None}
    page.route("**/detections*", lambda route: route.fulfill(json=listed))
    page.route("**/detections/d1", lambda route: route.fulfill(json=seen))
    page.route("**/picture", lambda route: route.fulfill(body=encoded(drawn(1))))
    page.route("**/photograph", lambda route: route.fulfill(status=202, json={}))
    open_hub(phone, MANAGER)
    phone.open_house(COOP)

    card = page.locator("[data-hub-cameras]")
    expect(card.locator("[data-camera] img")).to_be_visible()
    assert violations(page, "the hub's cameras") == []
    assert phone.english_words() == set()
    card.locator("[data-photograph-now]").click()
    expect(card.locator("[data-photograph-now]")).to_be_disabled()
    card.locator("[data-camera]").click()
    expect(page.locator('[data-detection="d1"]')).to_have_attribute("data-look", "suspicious")
    expect(page.locator("[data-upload], [data-right]")).to_have_count(0)


def test_a_viewer_can_switch_nothing(phone: Phone) -> None:
    open_hub(phone, VIEWER)
    phone.open_house(COOP)
    expect(phone.page.locator("[data-viewer]")).to_be_visible()
    expect(phone.page.locator("[data-level]:enabled")).to_have_count(0)


def test_without_a_pass_the_pin_is_asked_for(phone: Phone, demo: Demo) -> None:
    hub_id = demo.houses[COOP]["hub"]["id"]
    path, _ = demo.stack.hub_config(hub_id)
    pin = (path.parent / "data" / "web.pin").read_text().strip()
    phone.page.goto(demo.stack.hub_url(hub_id))
    field = phone.page.locator('input[inputmode="numeric"]')
    field.fill("0" * 7)
    phone.page.click('button[type="submit"]')
    expect(phone.page.locator('[data-problem="pin_wrong"]')).to_be_visible()
    field.fill(pin.translate(str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")))
    phone.page.click('button[type="submit"]')
    expect(phone.page.locator("[data-house]")).to_have_count(1)


def test_a_link_that_is_no_longer_good_says_so_and_a_good_one_helps(
    phone: Phone, demo: Demo
) -> None:
    url = demo.stack.hub_url(demo.houses[COOP]["hub"]["id"])
    phone.page.goto(f"{url}/#pass=a.b.c")
    expect(phone.page.locator("[data-pass-refused]")).to_be_visible()
    phone.page.evaluate(f"location.hash = 'pass={pass_of(demo, OWNER)['token']}'")
    expect(phone.page.locator("[data-house]")).to_have_count(1)


def test_a_phone_without_internet_is_led_to_the_hub(phone: Phone, demo: Demo) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    page = phone.page
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_selector('main[data-fresh="true"]')
    until(
        "the phone has its passes",
        lambda: page.evaluate("localStorage.getItem('tokkatot.passes')"),
    )
    cloud = demo.stack.pid_of("cloud")
    os.kill(cloud, signal.SIGSTOP)
    try:
        # It takes the app a while to find that nobody answers.
        page.locator("[data-direct]").click(timeout=120_000)
        card = page.locator(f'[data-hub="{demo.houses[COOP]["hub"]["id"]}"]')
        card.locator("button").click()
        expect(card.locator("svg[role=img]")).to_be_visible()
        card.locator("a.button").click()
        expect(page.locator("[data-on-hub]")).to_be_visible()
        expect(page.locator("[data-house]")).to_have_count(1)
    finally:
        os.kill(cloud, signal.SIGCONT)


@pytest.mark.parametrize("path", ["", "/settings", "house"])
def test_no_page_of_the_hub_is_wider_than_its_screen(phone: Phone, demo: Demo, path: str) -> None:
    open_hub(phone, OWNER)
    origin = phone.page.url.split("/farms")[0]
    place = demo.house_path(COOP) if path == "house" else path or f"/farms/{demo.farm_id}"
    phone.page.goto(origin + place)
    phone.page.wait_for_selector("main")
    phone.page.wait_for_timeout(500)
    assert (
        phone.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        <= 0
    )
