"""What a farmer sees and does on the phone, against the whole running program."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.support.phones import MANAGER, OWNER, VIEWER, Demo, Phone
from tests.support.proc import descendants
from tests.support.stack import until

COOP = "Coop 1"
KHMER = re.compile(r"[\u1780-\u17ff]")
HUB_SILENT_MS = 180_000
"""The cloud calls a hub offline after 45 s of silence; the rest is for a busy machine."""


def test_a_farmer_logs_in_by_phone_number_and_sees_the_houses(phone: Phone) -> None:
    phone.log_in(OWNER)
    expect(phone.page.locator("[data-house]")).to_have_count(3)
    expect(phone.page.locator('[data-card="temperature"]').first).to_be_visible()


def test_khmer_digits_log_in_too(phone: Phone) -> None:
    phone.log_in(OWNER.translate(str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")))
    expect(phone.page.locator("[data-house]")).to_have_count(3)


def test_a_wrong_password_is_told_in_words_and_nothing_is_lost(phone: Phone) -> None:
    phone.log_in(OWNER, "not the password")
    expect(phone.page.locator('[data-problem="login_failed"]')).to_be_visible()
    expect(phone.page.locator('input[autocomplete="username"]')).to_have_value(OWNER)


def test_the_first_screen_speaks_khmer_and_switches_to_english(phone: Phone) -> None:
    phone.page.goto(phone.demo.stack.url)
    expect(phone.page.locator("h1")).to_have_text(KHMER)
    phone.page.get_by_role("button", name="English").click()
    expect(phone.page.locator("h1")).to_have_text("Log in")
    phone.page.reload()
    expect(phone.page.locator("h1")).to_have_text("Log in")


def test_the_language_picked_before_the_log_in_stays_and_the_account_learns_it(
    phone: Phone,
) -> None:
    def come_in() -> None:
        phone.log_in(OWNER)
        expect(phone.page.locator("[data-house]")).to_have_count(3)
        expect(phone.page.locator("html")).to_have_attribute("lang", "en")

    phone.page.goto(phone.demo.stack.url)
    phone.page.get_by_role("button", name="English").click()
    expect(phone.page.locator("h1")).to_have_text("Log in")
    phone.page.reload()
    come_in()
    # Another phone, which knows nothing of this choice but by the account.
    phone.page.evaluate("localStorage.clear()")
    phone.page.goto(f"{phone.demo.stack.url}/login")
    come_in()
    phone.page.goto(f"{phone.demo.stack.url}/settings")
    phone.page.locator('[data-choice="km"]').click()
    expect(phone.page.locator("html")).to_have_attribute("lang", "km")


def test_a_house_in_khmer_has_no_english_word(phone: Phone) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    assert phone.english_words() == set()


def test_a_tap_is_confirmed_when_the_relay_has_moved(phone: Phone, demo: Demo) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    light = phone.control("light")
    device_id = light.get_attribute("data-device") or ""
    phone.tap("light", 100)
    expect(light).to_have_attribute("data-phase", "confirmed")
    assert demo.relay(COOP, device_id) == 100
    expect(light).to_have_attribute("data-actual", "100")
    expect(light.locator("[data-until]")).to_be_visible()
    phone.tap("light", 0)
    expect(light).to_have_attribute("data-actual", "0")
    assert demo.relay(COOP, device_id) == 0


def test_new_readings_ask_for_no_new_chart(phone: Phone) -> None:
    phone.log_in(MANAGER)
    asked: list[str] = []
    frames: list[str] = []

    def hear(frame: str | bytes) -> None:
        frames.append(str(frame))

    phone.page.on("websocket", lambda socket: socket.on("framereceived", hear))
    phone.open_house(COOP)
    expect(phone.page.locator(".uplot")).to_be_visible()
    frames.clear()
    phone.page.on("request", lambda request: asked.append(request.url))

    def enough() -> bool:
        phone.page.wait_for_timeout(200)
        return sum('"type":"readings"' in frame for frame in frames) >= 4

    until("readings come", enough)
    # One is asked for every five minutes, which may be now.
    assert len([url for url in asked if "/history" in url]) <= 1


def test_a_hold_can_be_made_longer_after_the_tap(phone: Phone) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    light = phone.control("light")
    phone.tap("light", 100)
    expect(light.locator("[data-until]")).to_be_visible()
    before = light.locator("[data-until] strong").inner_text()
    light.locator(".duration").click()
    light.locator(".choices button").last.click()
    expect(light.locator("[data-until] strong")).not_to_have_text(before)
    expect(light).to_have_attribute("data-actual", "100")
    phone.tap("light", 0)
    expect(light).to_have_attribute("data-actual", "0")


def test_two_phones_agree(new_phone: Callable[[], Phone]) -> None:
    mine, theirs = new_phone(), new_phone()
    mine.log_in(MANAGER)
    theirs.log_in(OWNER)
    for phone in (mine, theirs):
        phone.open_house(COOP)
    mine.tap("light", 100)
    expect(theirs.control("light")).to_have_attribute("data-actual", "100")
    expect(theirs.control("light").locator("[data-why]")).to_contain_text("Dara")
    theirs.tap("light", 0)
    expect(mine.control("light")).to_have_attribute("data-actual", "0")


def test_a_viewer_sees_everything_and_can_switch_nothing(phone: Phone) -> None:
    phone.log_in(VIEWER)
    phone.open_house(COOP)
    expect(phone.page.locator("[data-viewer]")).to_be_visible()
    buttons = phone.page.locator("[data-level]")
    assert buttons.count() > 0
    expect(phone.page.locator("[data-level]:enabled")).to_have_count(0)
    expect(phone.page.locator("[data-stop]")).to_have_count(0)


def test_without_internet_values_are_old_and_nothing_can_be_switched(phone: Phone) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    phone.context.set_offline(offline=True)
    expect(phone.page.locator('[data-link="offline"]')).to_be_visible()
    expect(phone.page.locator('[data-quantity="temperature"]').first).to_have_attribute(
        "data-stale", "true"
    )
    expect(phone.page.locator("[data-level]:enabled")).to_have_count(0)
    phone.context.set_offline(offline=False)
    phone.page.wait_for_selector('main[data-fresh="true"]')
    expect(phone.page.locator("[data-level]:enabled").first).to_be_visible()


def test_a_reload_without_internet_shows_the_last_values_with_their_age(phone: Phone) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    page = phone.page
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_selector('main[data-fresh="true"]')
    until(
        "the worker has the page",
        lambda: page.evaluate("navigator.serviceWorker.controller !== null") or None,
    )
    phone.context.set_offline(offline=True)
    page.reload()
    expect(page.locator('[data-link="offline"]')).to_be_visible()
    expect(page.locator('[data-quantity="water_level"]')).to_have_attribute("data-stale", "true")
    expect(page.locator("[data-level]:enabled")).to_have_count(0)
    kept = page.evaluate(
        "caches.keys().then(async names => (await Promise.all(names.map("
        "async name => (await (await caches.open(name)).keys()).map(r => r.url)))).flat())"
    )
    assert kept
    assert [url for url in kept if "/v1/" in url] == []
    phone.context.set_offline(offline=False)
    page.wait_for_selector('main[data-fresh="true"]')


def test_where_sockets_do_not_pass_the_screen_polls(phone: Phone) -> None:
    phone.page.route_web_socket("**/v1/ws", lambda socket: socket.close())
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    expect(phone.page.locator('[data-link="polling"]')).to_be_visible()
    phone.tap("light", 100)
    expect(phone.control("light")).to_have_attribute("data-phase", "confirmed")
    expect(phone.control("light")).to_have_attribute("data-actual", "100")
    phone.tap("light", 0)
    expect(phone.control("light")).to_have_attribute("data-actual", "0")


def test_a_link_into_the_farm_survives_the_log_in(phone: Phone, demo: Demo) -> None:
    phone.page.goto(demo.stack.url + demo.house_path(COOP))
    phone.page.wait_for_url(re.compile(r"/login\?to="))
    phone.log_in(MANAGER)
    phone.page.wait_for_url(f"**{demo.house_path(COOP)}")
    phone.page.wait_for_selector('main[data-fresh="true"]')
    phone.page.click("header a")
    expect(phone.page.locator("[data-house]")).to_have_count(3)
    phone.page.go_back()
    phone.page.wait_for_selector("[data-role]")


def test_a_stop_says_what_goes_on_and_is_released_again(phone: Phone) -> None:
    phone.log_in(MANAGER)
    phone.open_house("Coop 2")
    phone.page.click("[data-stop]")
    dialog = phone.page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    dialog.locator(".danger").click()
    expect(phone.page.locator("[data-stopped]")).to_be_visible()
    phone.page.locator("[data-stopped] button").click()
    expect(phone.page.locator("[data-stopped]")).to_have_count(0)


def test_limits_that_contradict_each_other_are_refused_in_words(phone: Phone, demo: Demo) -> None:
    phone.log_in(MANAGER)
    phone.page.wait_for_selector("[data-house]")
    phone.page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/setpoints")
    phone.page.locator("form input").nth(1).fill("១០")
    phone.page.click('form button[type="submit"]')
    expect(phone.page.locator("form .error")).to_be_visible()


def test_a_strangers_farm_is_not_found(phone: Phone, demo: Demo) -> None:
    phone.log_in(MANAGER)
    phone.page.wait_for_selector("[data-house]")
    phone.page.goto(f"{demo.stack.url}/farms/01a1fbf0-0000-7000-8000-000000000000")
    expect(phone.page.locator("header .note.warning")).to_be_visible()
    expect(phone.page.locator("[data-house]")).to_have_count(0)
    phone.page.locator("[data-other-farm]").click()
    phone.page.locator(f'main a[href="/farms/{demo.farm_id}"]').click()
    expect(phone.page.locator("[data-house]")).to_have_count(3)


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_page_is_wider_than_its_screen(phone: Phone, demo: Demo, width: int) -> None:
    phone.page.set_viewport_size({"width": width, "height": 740})
    phone.log_in(OWNER)
    phone.page.wait_for_selector("[data-house]")
    farm = f"/farms/{demo.farm_id}"
    for path in (
        farm,
        demo.house_path(COOP),
        demo.house_path("Greenhouse 1"),
        f"{farm}/alerts",
        f"{farm}/history",
        f"{farm}/members",
        f"{farm}/events",
        f"{farm}/settings",
        f"{farm}/houses/new",
        f"{demo.house_path(COOP)}/setpoints",
        f"{demo.house_path(COOP)}/settings",
        f"{demo.house_path(COOP)}/schedules",
        f"{demo.house_path(COOP)}/schedules/new",
        f"{demo.house_path(COOP)}/rules",
        f"{demo.house_path(COOP)}/alarms",
        f"{demo.house_path(COOP)}/alarms/new",
        "/messages",
        "/settings",
        "/settings/messages",
        "/settings/sessions",
    ):
        phone.page.goto(demo.stack.url + path)
        phone.page.wait_for_selector("main")
        phone.page.wait_for_timeout(300)
        assert _overflow(phone.page) <= 0, path


@pytest.mark.parametrize(
    "path",
    [
        *("", "/alerts", "/history", "/members", "/events", "/settings", "/houses/new"),
        *(
            "house",
            "house/schedules",
            "house/schedules/new",
            "house/rules",
            "house/setpoints",
            "house/alarms",
        ),
    ],
)
def test_every_target_is_large_enough_for_a_thumb(phone: Phone, demo: Demo, path: str) -> None:
    phone.log_in(OWNER)
    phone.page.wait_for_selector("[data-house]")
    of_farm = f"/farms/{demo.farm_id}{path}"
    place = path.replace("house", demo.house_path(COOP)) if path.startswith("house") else of_farm
    phone.page.goto(demo.stack.url + place)
    phone.page.wait_for_selector("main")
    phone.page.wait_for_timeout(500)
    small = phone.page.eval_on_selector_all(
        "button, a, input, select",
        """all => all.filter(e => e.checkVisibility() && !e.classList.contains('skip'))
            .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => box.height < 48 || box.width < 44).map(([html]) => html)""",
    )
    assert small == []


def test_a_dead_hub_is_said_and_its_values_are_old(phone: Phone, demo: Demo) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    with _frozen(demo.stack.hub_pid(demo.houses[COOP]["hub"]["id"])):
        expect(phone.page.locator("[data-hub-offline]")).to_be_visible(timeout=HUB_SILENT_MS)
        expect(phone.page.locator('[data-quantity="water_level"]')).to_have_attribute(
            "data-stale", "true"
        )
        expect(phone.page.locator("[data-level]:enabled")).to_have_count(0)
        expect(phone.control("light").locator("[data-blocked]")).to_be_visible()
    expect(phone.page.locator("[data-hub-offline]")).to_have_count(0, timeout=HUB_SILENT_MS)
    expect(phone.page.locator("[data-level]:enabled").first).to_be_visible(timeout=HUB_SILENT_MS)


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    """Stop a process and its children without ending them, as a hub that hangs."""
    pids = [pid, *(child.pid for child in descendants(pid))]
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in pids:
            os.kill(one, signal.SIGCONT)


def _overflow(page: Page) -> int:
    wide: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide
