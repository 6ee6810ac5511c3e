"""What a farm with more houses than a page holds looks like, and a device that safety locked."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Route, expect

from tests.support.phones import MANAGER, Demo, Phone

COOP = "Coop 1"
HOUSES = 130
PAGE = 100


def test_all_houses_of_a_large_farm_are_there_and_one_is_found_by_its_number(
    phone: Phone, demo: Demo
) -> None:
    def paged(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        first = int(query.get("cursor", ["0"])[0])
        items = [
            {**demo.houses[COOP], "id": f"house-{n}", "number": n, "name": f"Coop {n}"}
            for n in range(first + 1, min(first + PAGE, HOUSES) + 1)
        ]
        cursor = str(first + PAGE) if first + PAGE < HOUSES else None
        route.fulfill(json={"items": items, "next_cursor": cursor})

    phone.page.route(re.compile(r"/v1/farms/[^/]+/houses\?"), paged)
    phone.log_in(MANAGER)
    houses = phone.page.locator("[data-house]")
    expect(houses).to_have_count(HOUSES)
    phone.page.locator(".search input").fill("១២៧")
    expect(houses).to_have_count(1)
    expect(houses).to_contain_text("១២៧")
    phone.page.locator(".search input").fill("999")
    expect(phone.page.locator(".search [role=status]")).to_be_visible()


def test_a_few_houses_need_no_search(phone: Phone) -> None:
    phone.log_in(MANAGER)
    expect(phone.page.locator("[data-house]")).to_have_count(3)
    expect(phone.page.locator(".search")).to_have_count(0)


def test_a_lock_is_told_and_undone_and_nothing_starts_by_it(phone: Phone, demo: Demo) -> None:
    def locked(route: Route) -> None:
        answer = route.fetch()
        state = answer.json()
        pump = next(one for one in state["actuators"] if one["role"] == "water_pump")
        alert = {"id": "lock", "house_id": state["house"]["id"], "type": "water_not_rising"}
        alert |= {"device_id": pump["device_id"], "device_name": pump["name"]}
        alert |= {"severity": "critical", "state": "unacknowledged", "threshold": None}
        alert |= {"actual": None, "raised_at": state["t"], "cleared_at": None}
        alert |= {"acknowledged_by": None, "acknowledged_at": None}
        route.fulfill(response=answer, json={**state, "alerts": [alert]})

    phone.page.route(re.compile(r"/houses/[^/]+/state"), locked)
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    pump = phone.control("water_pump")
    expect(pump.locator("[data-latched]")).to_be_visible()
    pump.locator("[data-reset]").click()
    dialog = phone.page.locator("dialog[open]")
    expect(dialog).to_contain_text("មិនបើកឧបករណ៍ណាទេ")
    sent = re.compile(r"/commands$")
    with phone.page.expect_request(sent) as order:
        dialog.locator(".answers .button").last.click()
    assert order.value.post_data_json == {"action": "reset"}
    expect(pump).to_have_attribute("data-phase", "confirmed")
    expect(pump).to_have_attribute("data-actual", "0")
