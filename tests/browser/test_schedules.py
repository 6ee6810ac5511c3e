"""What a farmer sees of schedules and rules and does with them, against the whole program."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Locator, Route, expect

from tests.support.people import Json
from tests.support.phones import MANAGER, OWNER, VIEWER, Demo, Phone
from tokkatot.sim.farm import PASSWORD

COOP = "Coop 1"
KHMER = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")


@pytest.fixture
def farm(demo: Demo) -> Iterator[httpx.Client]:
    """The demo farm as its manager sees it; what a test adds to its schedules goes again."""
    with httpx.Client(base_url=f"{demo.stack.url}/v1", timeout=60) as http:
        answer = http.post("/auth/login", json={"login": MANAGER, "password": PASSWORD}).json()
        http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        http.base_url = f"{demo.stack.url}/v1/farms/{demo.farm_id}"
        before = {one["id"] for one in _schedules(http, demo)}
        yield http
        for one in _schedules(http, demo):
            if one["id"] not in before:
                http.delete(f"/schedules/{one['id']}").raise_for_status()
        _put_rules(http, demo, [])


def test_a_farmer_writes_a_schedule_and_sees_it_run(
    phone: Phone, demo: Demo, farm: httpx.Client
) -> None:
    page = phone.page
    _open(phone, demo, "schedules")
    page.click("[data-add-schedule]")
    page.click('[data-kind="times"]')
    form = page.locator("[data-schedule-form]")
    form.locator('button[type="submit"]').click()
    expect(form.locator(".error").first).to_be_visible()
    light = _device(farm, demo, "light")
    form.locator(f'[data-choice="{light}"]').click()
    hour = _other_hour()
    form.locator("[data-hour]").first.select_option(hour)
    form.locator('[data-field="name"] input').fill("ភ្លើងព្រលឹម")
    form.locator('button[type="submit"]').click()
    card = page.locator("[data-schedule]", has_text="ភ្លើងព្រលឹម")
    expect(card).to_contain_text(hour.translate(KHMER) + ":០០")
    expect(card.locator("[data-next]")).to_be_visible()
    expect(card.locator("[data-unheld]")).to_have_count(0)

    card.locator("a").click()
    page.click("[data-run-now]")
    expect(page.locator('[data-run] [data-outcome="executed"]')).to_be_visible()
    assert demo.relay(COOP, light) == 100
    expect(page.locator("[data-runs] [data-outcome]").first).to_contain_text("Dara")
    phone.page.goto(f"{demo.stack.url}{demo.house_path(COOP)}")
    phone.page.wait_for_selector('main[data-fresh="true"]')
    phone.tap("light", 0)
    expect(phone.control("light")).to_have_attribute("data-actual", "0")


def test_a_run_is_not_called_done_before_the_hub_said_so(
    phone: Phone, demo: Demo, farm: httpx.Client
) -> None:
    schedule = _add(farm, demo, _daily([_device(farm, demo, "light")]))
    _open(phone, demo, f"schedules/{schedule['id']}")
    page = phone.page
    asked = {"id": "01a1fbf0-0000-7000-8000-000000000001", "schedule_id": schedule["id"]}
    asked |= {"schedule_name": None, "due_at": "2026-01-01T00:00:00Z", "at": None}
    asked |= {"outcome": None, "reason": None, "requested_by": None}
    page.route("**/execute-now", lambda route: route.fulfill(status=202, json=asked))
    page.click("[data-run-now]")
    expect(page.locator('[data-run] [data-outcome="waiting"]')).to_be_visible()
    expect(page.locator("[data-run-now]")).to_be_disabled()


def test_a_run_that_is_asked_for_again_before_an_answer_came_is_the_same_wish(
    phone: Phone, demo: Demo, farm: httpx.Client
) -> None:
    schedule = _add(farm, demo, _daily([_device(farm, demo, "light")]))
    _open(phone, demo, f"schedules/{schedule['id']}")
    page, keys = phone.page, list[str]()

    def refuse(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fulfill(status=503 if len(keys) == 1 else 409, json={"code": "conflict"})

    page.route("**/execute-now", refuse)
    for _ in range(3):
        with page.expect_response("**/execute-now"):
            page.click("[data-run-now]")
        expect(page.locator("[data-run-now]")).to_be_enabled()

    lost, repeated, next_wish = keys
    assert lost == repeated
    assert next_wish != repeated


def test_a_switch_makes_a_version_and_an_older_one_can_come_back(
    phone: Phone, demo: Demo, farm: httpx.Client
) -> None:
    schedule = _add(farm, demo, _daily([_device(farm, demo, "light")]))
    _open(phone, demo, f"schedules/{schedule['id']}")
    page = phone.page
    card = page.locator("[data-schedule]")
    card.get_by_role("switch").click()
    expect(card).to_have_attribute("data-enabled", "false")
    page.click("[data-show-versions]")
    page.locator('[data-version="1"] [data-roll-back]').click()
    page.locator("dialog[open] .answers .button").last.click()
    expect(card).to_have_attribute("data-enabled", "true")
    expect(page.locator('[data-version="3"]')).to_be_visible()
    page.click("[data-delete]")
    page.locator("dialog[open] .danger").click()
    page.wait_for_url(re.compile(r"/schedules$"))
    expect(page.locator(f'[data-schedule="{schedule["id"]}"]')).to_have_count(0)


def test_an_edit_over_a_newer_version_is_refused_in_words(
    phone: Phone, demo: Demo, farm: httpx.Client
) -> None:
    schedule = _add(farm, demo, _daily([_device(farm, demo, "light")]))
    _open(phone, demo, f"schedules/{schedule['id']}/edit")
    form = phone.page.locator("[data-schedule-form]")
    form.wait_for()
    farm.put(f"/schedules/{schedule['id']}/enabled", json={"enabled": False}).raise_for_status()
    form.locator('button[type="submit"]').click()
    expect(form.locator('[data-problem="conflict"]')).to_be_visible()


def test_a_preview_tells_what_would_have_been(phone: Phone, demo: Demo, farm: httpx.Client) -> None:
    schedule = _add(farm, demo, _daily([_device(farm, demo, "light")]))
    _open(phone, demo, f"schedules/{schedule['id']}")
    phone.page.click("[data-ask-preview]")
    told = phone.page.locator("[data-previewed]")
    expect(told).to_be_visible()
    expect(told.locator("summary").first).to_contain_text("ភ្លើង")


def test_a_viewer_sees_schedules_and_rules_and_changes_none(
    phone: Phone, demo: Demo, farm: httpx.Client
) -> None:
    light = _device(farm, demo, "light")
    _add(farm, demo, _daily([light]))
    when = {"quantity": "temperature", "comparison": "above", "threshold": 40}
    rule = {"kind": "threshold", "name": "សាកល្បង", "when": when, "devices": [light]}
    _put_rules(farm, demo, [rule])
    phone.log_in(VIEWER)
    phone.page.wait_for_selector("[data-house]")
    for rest, seen in (("schedules", "[data-schedule]"), ("rules", "[data-entry]")):
        phone.page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/{rest}")
        expect(phone.page.locator(seen).first).to_be_visible()
        expect(phone.page.locator("[data-viewer]")).to_be_visible()
        expect(phone.page.get_by_role("switch")).to_have_count(0)
        expect(phone.page.locator("[data-add-schedule], [data-add-entry]")).to_have_count(0)
    phone.page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/setpoints")
    expect(phone.page.locator("[data-mode-card] button:enabled")).to_have_count(0)
    expect(phone.page.locator('main button[type="submit"]')).to_have_count(0)


def test_a_rule_is_written_switched_and_deleted(
    phone: Phone, demo: Demo, farm: httpx.Client
) -> None:
    page = phone.page
    form = _rule_of_the_light(phone, demo, farm)
    form.locator('[data-field="name"] input').fill("សាកល្បង")
    form.locator('button[type="submit"]').click()
    rule = page.locator("[data-entry]", has_text="សាកល្បង")
    expect(rule).to_contain_text("៣២")
    rule.get_by_role("switch").click()
    expect(rule).to_have_attribute("data-enabled", "false")
    rule.locator("a").click()
    page.click("[data-delete]")
    page.locator("dialog[open] .danger").click()
    page.wait_for_url(re.compile(r"/rules$"))
    expect(page.locator("[data-entry]", has_text="សាកល្បង")).to_have_count(0)


def test_a_rule_by_how_dry_the_air_is_begins_at_how_dry_it_is_now(
    phone: Phone, demo: Demo, farm: httpx.Client
) -> None:
    page = phone.page
    form = _rule_of_the_light(phone, demo, farm)
    form.locator("[data-quantity]").select_option("vpd")
    form.locator('button[type="submit"]').click()
    expect(page.locator("[data-entry]", has_text="VPD")).to_contain_text("kPa")
    (rule,) = (
        farm.get(f"/houses/{demo.houses[COOP]['id']}/rules").raise_for_status().json()["rules"]
    )
    when = rule["when"]
    assert (when["quantity"], when["hysteresis"]) == ("vpd", 0.1)
    # Not the 32 of a temperature: the air of a coop by the Mekong is never full, nor of a desert.
    assert 0 < when["threshold"] < 5


def test_the_mode_and_the_night_of_a_house_are_set(phone: Phone, demo: Demo) -> None:
    page = phone.page
    phone.log_in(OWNER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{demo.stack.url}{demo.house_path('Coop 2')}/setpoints")
    growth = page.locator('[data-mode-card] [data-choice="growth"]')
    growth.click()
    expect(growth).to_have_attribute("aria-pressed", "true")
    page.locator('[data-mode-card] [data-choice=""]').click()
    expect(growth).to_have_attribute("aria-pressed", "false")
    night = page.locator("fieldset.night")
    night.get_by_role("button").nth(1).click()
    night.locator("input").nth(1).fill("២៨")
    page.click('form button[type="submit"]')
    expect(page.locator("form .note.good")).to_be_visible()
    page.reload()
    expect(night.locator("input").nth(1)).to_have_value("២៨")
    night.get_by_role("button").first.click()
    page.click('form button[type="submit"]')
    expect(page.locator("form .note.good")).to_be_visible()


def test_the_words_of_schedules_and_rules_are_khmer(phone: Phone, demo: Demo) -> None:
    phone.log_in(MANAGER)
    phone.page.wait_for_selector("[data-house]")
    for rest in ("schedules", "schedules/new", "rules", "rules/new", "setpoints"):
        phone.page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/{rest}")
        phone.page.wait_for_selector("main button, main a")
        assert phone.english_words() == set()


def test_a_hold_is_handed_back_to_automatic(phone: Phone) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    fan = phone.control("fan")
    phone.tap("fan", 0)
    expect(fan.locator("[data-until]")).to_be_visible()
    fan.locator("[data-auto]").click()
    expect(fan.locator("[data-until]")).to_have_count(0)
    expect(fan.locator("[data-auto]")).to_have_count(0)


def test_why_a_device_is_on_names_all_that_was_asked(phone: Phone) -> None:
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    light = phone.control("light")
    phone.tap("light", 100)
    expect(light.locator("[data-until]")).to_be_visible()
    light.locator("[data-why] summary").click()
    asked = light.locator("[data-proposals] li")
    expect(asked.first).to_be_visible()
    phone.tap("light", 0)
    expect(light).to_have_attribute("data-actual", "0")


def _open(phone: Phone, demo: Demo, rest: str) -> None:
    phone.log_in(MANAGER)
    phone.page.wait_for_selector("[data-house]")
    phone.page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/{rest}")


def _rule_of_the_light(phone: Phone, demo: Demo, farm: httpx.Client) -> Locator:
    """Begin to write a rule that switches the light beyond a limit; return its form."""
    page = phone.page
    _open(phone, demo, "rules")
    page.click("[data-add-entry]")
    page.click('[data-kind="threshold"]')
    form = page.locator("[data-entry-form]")
    form.locator(f'[data-choice="{_device(farm, demo, "light")}"]').click()
    return form


def _schedules(farm: httpx.Client, demo: Demo) -> list[Json]:
    query = {"house_id": demo.houses[COOP]["id"], "limit": 100}
    items: list[Json] = farm.get("/schedules", params=query).json()["items"]
    return items


def _put_rules(farm: httpx.Client, demo: Demo, rules: list[Json]) -> None:
    path = f"/houses/{demo.houses[COOP]['id']}/rules"
    version = farm.get(path).json()["version"]
    farm.put(path, json={"version": version, "rules": rules}).raise_for_status()


def _device(farm: httpx.Client, demo: Demo, role: str) -> str:
    state = farm.get(f"/houses/{demo.houses[COOP]['id']}/state").json()
    found: str = next(one["device_id"] for one in state["actuators"] if one["role"] == role)
    return found


def _other_hour() -> str:
    """Return an hour that is far from now on the farm, so that nothing runs by itself."""
    now = datetime.now(ZoneInfo("Asia/Phnom_Penh"))  # noqa: TID251 - of the running program
    return f"{(now.hour + 12) % 24:02}"


def _daily(devices: list[str]) -> Json:
    start = {"kind": "daily", "times": [f"{_other_hour()}:00:00"]}
    return {"kind": "time_based", "start": start, "duration_s": 60, "devices": devices}


def _add(farm: httpx.Client, demo: Demo, does: Json) -> Json:
    body = {"house_id": demo.houses[COOP]["id"], "name": "សាកល្បង", "does": does}
    made: Json = farm.post("/schedules", json=body).raise_for_status().json()
    return made
