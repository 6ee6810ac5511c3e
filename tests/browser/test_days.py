"""The page of a house's days, against the whole running program."""

import pytest
from playwright.sync_api import expect

from tests.support.axe import violations
from tests.support.phones import VIEWER, Phone

pytestmark = pytest.mark.timeout(240)  # a program is waited for, and pages are searched whole


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
