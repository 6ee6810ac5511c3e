"""The page on which people ask the model of a house, against the whole running program."""

from playwright.sync_api import expect

from tests.support.axe import violations
from tests.support.phones import OWNER, VIEWER, Demo, Phone

COOP, GREENHOUSE = "Coop 1", "Greenhouse 1"
ANSWERED_MS = 150_000


def test_an_owner_tries_other_limits_on_a_day_that_they_describe(phone: Phone) -> None:
    page = phone.page
    phone.log_in(OWNER)
    phone.open_house(COOP)
    page.click('[data-to="what-if"]')
    expect(page.locator('[data-doubt="coop"]')).to_contain_text("មិនទាន់បានប្រៀបធៀប")
    expect(page.locator("[data-unfitted]")).to_be_visible()

    page.click("[data-try]")

    result = page.locator("[data-result]")
    expect(result.locator('[data-row="air_max_c"] td')).to_have_count(2, timeout=ANSWERED_MS)
    expect(result.locator('[data-row="electricity_kwh"]')).to_contain_text("kWh")
    chart = result.locator('[data-chart="temperature"]')
    expect(chart.locator("canvas")).to_be_visible()
    assert violations(page, "an answer in Khmer, light") == []


def test_a_refused_fit_is_told_with_its_reason_and_stays_told(phone: Phone, demo: Demo) -> None:
    page = phone.page
    page.emulate_media(color_scheme="dark")
    phone.log_in(OWNER)
    page.wait_for_selector("[data-house]")
    address = f"{demo.stack.url}{demo.house_path(GREENHOUSE)}/what-if"
    page.goto(address)
    expect(page.locator('[data-doubt="greenhouse"]')).to_be_visible()
    page.click("[data-ask-fit]")
    refused = page.locator("[data-refused]")
    expect(refused.locator("[data-reason]")).to_be_visible(timeout=ANSWERED_MS)
    expect(refused.locator("[lang=en]")).to_have_count(0)
    page.goto(address)
    expect(refused).to_be_visible()
    expect(page.locator("[data-ask-fit]")).to_be_enabled()
    assert violations(page, "a refused fit, dark") == []


def test_a_viewer_sees_the_model_and_asks_nothing(phone: Phone, demo: Demo) -> None:
    page = phone.page
    phone.log_in(VIEWER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{demo.stack.url}{demo.house_path(COOP)}/what-if")
    expect(page.locator("[data-fit]")).to_be_visible()
    expect(page.locator("[data-try]")).to_have_count(0)
    expect(page.locator("[data-ask-fit]")).to_have_count(0)
