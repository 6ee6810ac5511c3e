"""What an owner sets up on the phone, against the whole running program."""

import re

import httpx
from playwright.sync_api import Locator, expect

from tests.support.phones import MANAGER, OWNER, Phone
from tokkatot.sim.farm import PASSWORD

HERE = re.compile(r"/farms/[0-9a-f-]+$")


def test_an_owner_adds_a_house_sees_its_card_and_deletes_it_again(phone: Phone) -> None:
    page = phone.page
    phone.log_in(OWNER)
    houses = page.locator("[data-house]")
    expect(houses).to_have_count(3)
    page.click("[data-add-house]")
    expect(_field(phone, "number")).to_have_value("៤")
    _field(phone, "number").fill("១")
    _field(phone, "capacity").fill("២០០")
    _field(phone, "present_count").fill("១៩៥")
    page.click('form button[type="submit"]')
    expect(page.locator('[data-field="number"] .error')).to_be_visible()
    _field(phone, "number").fill("៤")
    page.click('form button[type="submit"]')
    expect(houses).to_have_count(4)
    expect(houses.last).to_contain_text("ទ្រុងមាន់ទី៣")
    expect(houses.last).to_contain_text("១៩៥/២០០")

    houses.last.click()
    page.click("[data-house-settings]")
    expect(_field(phone, "present_count")).to_have_value("១៩៥")
    page.click("[data-delete]")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("៣០")
    dialog.locator(".danger").click()
    page.wait_for_url(HERE)
    expect(houses).to_have_count(3)


def test_what_an_owner_did_stands_in_the_log_in_words(phone: Phone) -> None:
    phone.log_in(OWNER)
    phone.open_house("Coop 1")
    phone.page.locator('a[href*="/events?house="]').click()
    added = phone.page.locator('[data-event="device.added"]').first
    expect(added).to_contain_text("Sokha")
    expect(phone.page.locator("main")).not_to_contain_text("{")


def test_who_forgot_the_password_gets_in_by_a_code_of_the_owner(phone: Phone) -> None:
    login, password = "012777888", "a new password"
    with httpx.Client(base_url=f"{phone.demo.stack.url}/v1", timeout=60) as http:
        answer = http.post("/auth/login", json={"login": OWNER, "password": PASSWORD}).json()
        invited = http.post(
            f"/farms/{phone.demo.farm_id}/members",
            json={"name": "Bopha", "phone": login, "role": "viewer"},
            headers={"Authorization": f"Bearer {answer['access_token']}"},
        ).json()
    page = phone.page
    page.goto(f"{phone.demo.stack.url}/login")
    page.locator('a[href="/forgot"]').click()
    page.wait_for_url("**/forgot")
    page.fill('input[autocomplete="username"]', login)
    page.click('button[type="submit"]')
    page.fill('input[autocomplete="one-time-code"]', invited["reset_code"]["code"])
    expect(page.locator("[data-by-mail]")).to_have_count(0)
    page.fill('input[autocomplete="new-password"]', password)
    page.click('button[type="submit"]')
    page.wait_for_url("**/login?reset=1")
    phone.log_in(login, password)
    expect(page.locator("[data-house]")).to_have_count(3)


def test_who_owns_no_farm_is_offered_no_house_to_add(phone: Phone) -> None:
    phone.log_in(MANAGER)
    expect(phone.page.locator("[data-house]")).to_have_count(3)
    expect(phone.page.locator("[data-add-house]")).to_have_count(0)


def test_who_owns_no_farm_sees_its_members_and_changes_none(phone: Phone) -> None:
    phone.log_in(MANAGER)
    expect(phone.page.locator("[data-house]")).to_have_count(3)
    phone.page.goto(f"{phone.demo.stack.url}/farms/{phone.demo.farm_id}/members")
    owner = phone.page.locator("article", has_text="Sokha")
    expect(owner).to_be_visible()
    expect(phone.page.locator("[data-owner-only]")).to_be_visible()
    expect(phone.page.get_by_role("main").get_by_role("button")).to_have_count(0)


def _field(phone: Phone, name: str) -> Locator:
    return phone.page.locator(f'[data-field="{name}"] input')
