"""What people are told on the phone, and what they do about it."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.people import Json
from tests.support.phones import MANAGER, OWNER, VIEWER, Demo, Phone
from tests.support.stack import until
from tokkatot.sim.farm import PASSWORD

COOP = "Coop 2"
NAME = "ក្ដៅជាងសូន្យ"


class Alarms:
    """The alarms of a house, written by its owner."""

    def __init__(self, demo: Demo) -> None:
        self._http = httpx.Client(base_url=f"{demo.stack.url}/v1", timeout=60)
        answer = self._http.post("/auth/login", json={"login": OWNER, "password": PASSWORD}).json()
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        self._farm = f"/farms/{demo.farm_id}"
        self._house = demo.houses[COOP]["id"]

    def write(self, *alarms: Json) -> None:
        """Give the house these alarms in place of the former ones."""
        path = f"{self._farm}/houses/{self._house}/alarms"
        version = self._http.get(path).json()["version"]
        body = {"version": version, "alarms": alarms}
        self._http.put(path, json=body).raise_for_status()

    def standing(self) -> list[Json]:
        """Return the alerts of the house that are told by an alarm of its people."""
        query = {"house": self._house}
        found: list[Json] = self._http.get(f"{self._farm}/alerts", params=query).json()["items"]
        return [alert for alert in found if alert["type"] == "limit"]

    def forget(self) -> None:
        """Leave the house as it was."""
        self.write()
        for alert in self.standing():
            self._http.put(f"{self._farm}/alerts/{alert['id']}/acknowledge").raise_for_status()
        until("nothing is left", lambda: self.standing() == [])
        self._http.close()


@pytest.fixture(scope="module")
def told(demo: Demo) -> Iterator[None]:
    """An urgent alarm of which everybody on the farm has been told."""
    alarms = Alarms(demo)
    watch = {"kind": "limit", "quantity": "temperature", "comparison": "above", "threshold": 0}
    alarms.write({"name": NAME, "severity": "critical", "on_delay_s": 0, "watch": watch})
    until("the hub tells it", alarms.standing)
    yield
    alarms.forget()


def test_who_is_told_opens_the_alert_lets_it_rest_and_has_seen_it(
    phone: Phone, demo: Demo, told: None
) -> None:
    page = phone.page
    phone.log_in(MANAGER)
    page.locator('nav a[href="/messages"]').click()
    message = page.locator("[data-first] [data-message]", has_text=NAME).first
    expect(message).to_contain_text("កំណត់ ០ °C")
    expect(page.locator("nav [data-unread]")).to_have_count(1)
    message.locator("[data-open]").click()

    alert = page.locator('[data-alert="limit"]')
    expect(alert).to_contain_text(NAME)
    alert.locator("[data-shelve]").click()
    alert.locator('[data-rest="28800"]').click()
    expect(alert.locator("[data-resting]")).to_be_visible()
    alert.locator("[data-unshelve]").click()
    expect(alert.locator("[data-resting]")).to_have_count(0)
    alert.locator("[data-acknowledge]").click()
    expect(alert).to_contain_text("Dara")
    page.click("[data-open-house]")
    page.wait_for_url(f"**{demo.house_path(COOP)}")

    page.locator('nav a[href="/messages"]').click()
    read = page.locator("[data-messages] [data-message]", has_text=NAME).first
    expect(read).to_have_attribute("data-unread", "false")


def test_messages_are_there_without_internet_and_read_when_it_is_back(
    phone: Phone, told: None
) -> None:
    page = phone.page
    phone.log_in(VIEWER)
    page.locator('nav a[href="/messages"]').click()
    message = page.locator("[data-message]", has_text=NAME).first
    expect(message).to_be_visible()
    phone.context.set_offline(offline=True)
    expect(page.locator('[data-link="offline"]')).to_be_visible()
    page.locator("nav a").first.click()
    page.locator('nav a[href="/messages"]').click()
    expect(message).to_be_visible()
    expect(message.locator("[data-read]")).to_be_disabled()
    phone.context.set_offline(offline=False)
    expect(page.locator("[data-read-all]")).to_be_enabled()
    page.click("[data-read-all]")
    expect(page.locator("nav [data-unread]")).to_have_count(0)
    expect(page.locator('[data-message][data-unread="true"]')).to_have_count(0)


def test_who_wants_to_sleep_says_so_and_takes_it_back(phone: Phone, demo: Demo) -> None:
    page = phone.page
    phone.log_in(VIEWER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{demo.stack.url}/settings")
    page.click("[data-told]")
    expect(page.locator("[data-everything]")).to_be_visible()
    wish = page.locator("[data-subscription]")
    wish.locator('[data-choice="warning"]').click()
    wish.locator('[data-choice="on"]').click()
    wish.locator("[data-quiet-from] [data-hour]").select_option("22")
    wish.locator('button[type="submit"]').click()
    expect(wish.locator("[role=status]")).to_be_visible()
    page.reload()
    expect(wish.locator("[data-quiet-from] [data-hour]")).to_have_value("22")
    expect(wish.locator('[data-choice="warning"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-everything]")).to_have_count(0)
    wish.locator("[data-delete]").click()
    page.locator("dialog[open] .danger").click()
    expect(page.locator("[data-everything]")).to_be_visible()


def test_a_manager_writes_an_alarm_changes_its_limit_and_deletes_it(
    phone: Phone, demo: Demo
) -> None:
    page = phone.page
    phone.log_in(MANAGER)
    phone.open_house("Greenhouse 1")
    page.click('[data-to="alarms"]')
    page.click("[data-add-entry]")
    page.click('[data-kind="limit"]')
    page.locator("[data-value] input").fill("៥៩.៥")
    page.locator('[data-field="name"] input').fill("ក្ដៅពេកហើយ")
    page.click('[data-entry-form] button[type="submit"]')
    alarm = page.locator('[data-entry="ក្ដៅពេកហើយ"]')
    expect(alarm).to_contain_text("៥៩.៥")

    alarm.locator("a").click()
    page.locator("[data-value] input").fill("៥៨")
    page.click('[data-entry-form] button[type="submit"]')
    expect(alarm).to_contain_text("៥៨")
    alarm.locator('[role="switch"]').click()
    expect(alarm).to_have_attribute("data-enabled", "false")

    alarm.locator("a").click()
    page.click("[data-delete]")
    page.locator("dialog[open] .danger").click()
    expect(page.locator("[data-add-entry]")).to_be_visible()
    expect(alarm).to_have_count(0)


def test_a_test_of_the_alarms_says_how_many_were_told(phone: Phone, demo: Demo) -> None:
    page = phone.page
    phone.log_in(MANAGER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/alarms")
    page.click("[data-test-alarms]")
    page.locator("dialog[open] .answers .button").last.click()
    expect(page.locator("[data-told-people]")).to_be_visible()
    page.locator('nav a[href="/messages"]').click()
    expect(page.locator("[data-message]", has_text="សាកល្បង").first).to_be_visible()


def test_an_owner_says_who_is_asked_in_turn_and_others_see_it(
    phone: Phone, new_phone: Callable[[], Phone], demo: Demo
) -> None:
    page = phone.page
    phone.log_in(OWNER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{demo.stack.url}/settings")
    page.click("[data-turns]")
    names = page.locator("[data-turn] .name")
    expect(names).to_have_text(["Dara", "Sokha"])
    page.click('[data-turn="Sokha"] [data-earlier]')
    page.locator("[data-minutes] input").fill("៧២១")
    page.click('button[type="submit"]')
    expect(page.locator("[data-minutes] .error")).to_be_visible()
    page.locator("[data-minutes] input").fill("៥")
    page.click('button[type="submit"]')
    expect(page.locator("form [role=status]")).to_be_visible()

    other = new_phone()
    other.log_in(MANAGER)
    other.page.wait_for_selector("[data-house]")
    other.page.goto(f"{demo.stack.url}/farms/{demo.farm_id}/turns")
    expect(other.page.locator("[data-turn] .name")).to_have_text(["Sokha", "Dara"])
    expect(other.page.locator("p[data-minutes]")).to_contain_text("៥")
    expect(other.page.locator("[data-leave-out], [type=submit]")).to_have_count(0)

    page.click('[data-turn="Sokha"] [data-leave-out]')
    expect(page.locator('[data-ask="Sokha"]')).to_be_visible()
    page.click('[data-turn="Dara"] [data-leave-out]')
    expect(page.locator("[data-nobody]")).to_be_visible()
    page.locator("[data-minutes] input").fill("១០")
    page.click('button[type="submit"]')
    # With nobody named it is the managers and then the owners again.
    expect(names).to_have_text(["Dara", "Sokha"])
