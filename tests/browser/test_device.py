"""The page of one device, and the words of the pages about alarms, against the running program."""

from playwright.sync_api import expect

from tests.support.phones import MANAGER, Demo, Phone

COOP = "Coop 2"


def test_a_device_tells_since_when_it_is_on_and_how_often_it_was(phone: Phone) -> None:
    page = phone.page
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    phone.control("feeder").locator("[data-device-page]").click()
    expect(page.locator("[data-counts] tbody tr").first).to_be_visible()
    phone.tap("feeder", 100)
    feeder = phone.control("feeder")
    expect(feeder).to_have_attribute("data-actual", "100")
    expect(page.locator("[data-spells] li").first).to_contain_text("ឥឡូវ")
    phone.tap("feeder", 0)
    expect(feeder).to_have_attribute("data-actual", "0")
    expect(page.locator("[data-spells] li").first).not_to_contain_text("ឥឡូវ")


def test_no_english_word_stands_on_the_pages_of_alarms(phone: Phone, demo: Demo) -> None:
    page = phone.page
    phone.log_in(MANAGER)
    phone.open_house(COOP)
    device = page.locator("[data-device-page]").first.get_attribute("href") or ""
    alarms = f"{demo.house_path(COOP)}/alarms"
    found: set[str] = set()
    for path in ("/messages", "/settings/messages", alarms, f"{alarms}/new", device):
        page.goto(demo.stack.url + path)
        page.wait_for_selector("main")
        expect(page.locator("main [data-spinner]")).to_have_count(0)
        if path.endswith("/new"):
            page.click("[data-more-kinds]")
            page.click('[data-kind="difference"]')
        found |= phone.english_words()
    # The name of the farm is as its owner wrote it.
    assert found <= {"Kandal", "Farm"}
