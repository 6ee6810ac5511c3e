"""The page of a house's days, against the whole running program."""

from playwright.sync_api import expect

from tests.support.axe import violations
from tests.support.phones import MANAGER, VIEWER, Phone


def test_a_viewer_sees_what_the_house_was_like_on_a_day(phone: Phone) -> None:
    page = phone.page
    phone.log_in(VIEWER)
    phone.open_house("Coop 1")
    page.click("[data-days]")
    measured = page.locator("[data-day]").filter(has_text="°C").first
    expect(measured).to_contain_text("សីតុណ្ហភាព")
    # Whoever has no autopilot is told nothing of savings.
    expect(page.locator("[data-lacking]")).to_have_count(0)
    assert violations(page, "days in Khmer, light") == []


def test_a_manager_notes_what_was_picked_and_reads_it_with_its_day(phone: Phone) -> None:
    page = phone.page
    phone.log_in(MANAGER)
    phone.open_house("Greenhouse 1")
    page.click("[data-days]")
    form = page.locator("[data-harvest]")
    form.locator("input").fill("៤")
    form.locator("button[type=submit]").click()
    expect(form.get_by_role("status")).to_be_visible()
    expect(page.locator("[data-day]").first).to_contain_text("បេះបាន")
    expect(page.locator("[data-day]").first).to_contain_text("៤.០ kg")
    assert phone.english_words() == set()
