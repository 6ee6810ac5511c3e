"""Every page in both languages, as a screen reader and a person with large text meet it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.phones import OWNER, Demo, Phone

OPEN = ("/login", "/signup", "/forgot")
COOP = "Coop 1"
TWICE = "225%"
"""Twice the app's own size of text."""


def _pages(demo: Demo) -> Iterator[str]:
    farm, coop = f"/farms/{demo.farm_id}", demo.house_path(COOP)
    yield from (farm, coop, demo.house_path("Greenhouse 1"), "/farms", "/nowhere", "/messages")
    for rest in (
        "alerts",
        "history",
        "members",
        "turns",
        "events",
        "settings",
        "direct",
        "houses/new",
    ):
        yield f"{farm}/{rest}"
    for rest in ("settings", "setpoints", "schedules", "schedules/new", "rules", "rules/new"):
        yield f"{coop}/{rest}"
    for rest in ("alarms", "alarms/new", "droppings"):
        yield f"{coop}/{rest}"
    for rest in ("", "/channels", "/messages", "/password", "/sessions", "/verify"):
        yield f"/settings{rest}"


# Words and colours are apart: each language in one scheme finds what all four pairs would.
@pytest.mark.parametrize(("language", "scheme"), [("km", "light"), ("en", "dark")])
def test_axe_finds_nothing_on_any_page(
    phone: Phone, demo: Demo, language: str, scheme: str
) -> None:
    page = phone.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found: list[str] = []
    page.goto(demo.stack.url)
    page.evaluate("language => localStorage.setItem('tokkatot.language', language)", language)
    for path in OPEN:
        _visit(page, demo, path)
        found.extend(violations(page, path))
    page.goto(demo.stack.url)
    phone.log_in(OWNER)
    page.wait_for_selector("[data-house]")
    _speak(page, demo, language)
    for path in _pages(demo):
        _visit(page, demo, path)
        found.extend(violations(page, path))
        # The forms behind the first question, in their longest shapes.
        if path.endswith("/schedules/new"):
            page.click("[data-more-kinds]")
            page.click('[data-kind="sequence"]')
            page.click("[data-add-step]")
            found.extend(violations(page, f"{path} sequence"))
        if path.endswith("/alarms/new"):
            page.click('[data-kind="limit"]')
            found.extend(violations(page, f"{path} limit"))
        if path.endswith("/rules/new"):
            page.click('[data-kind="staged"]')
            found.extend(violations(page, f"{path} staged"))
    _visit(page, demo, demo.house_path(COOP))
    page.locator("[data-device-page]").first.click()
    page.wait_for_selector("[data-counts]")
    found.extend(violations(page, "a device"))
    _speak(page, demo, "km")
    assert found == []


def test_text_of_twice_the_size_makes_no_page_wider(phone: Phone, demo: Demo) -> None:
    phone.log_in(OWNER)
    phone.page.wait_for_selector("[data-house]")
    wide: list[str] = []
    for path in _pages(demo):
        _visit(phone.page, demo, path)
        phone.page.evaluate("size => { document.documentElement.style.fontSize = size }", TWICE)
        over = phone.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if over > 0:
            wide.append(f"{path}: {over} px")
    assert wide == []


def test_nothing_moves_for_who_asked_for_stillness(phone: Phone, demo: Demo) -> None:
    phone.page.emulate_media(reduced_motion="reduce")
    phone.log_in(OWNER)
    phone.page.wait_for_selector("[data-house]")
    _visit(phone.page, demo, demo.house_path(COOP))
    moving = phone.page.evaluate(
        """[...document.querySelectorAll('*')].map(e => getComputedStyle(e))
            .filter(s => parseFloat(s.transitionDuration) > 0.001
                || (s.animationName !== 'none' && s.animationIterationCount === 'infinite'))
            .length"""
    )
    assert moving == 0


def test_the_keyboard_reaches_a_control_and_switches_it(phone: Phone) -> None:
    phone.log_in(OWNER)
    phone.open_house(COOP)
    on = phone.control("light").locator('[data-level="100"]')
    for _ in range(80):
        phone.page.keyboard.press("Tab")
        if on.evaluate("button => button === document.activeElement"):
            break
    outline = on.evaluate("button => getComputedStyle(button).outlineStyle")
    assert outline == "solid"
    phone.page.keyboard.press("Enter")
    light = phone.page.locator('[data-role="light"][data-actual="100"]')
    light.wait_for()
    phone.tap("light", 0)
    phone.page.locator('[data-role="light"][data-actual="0"]').wait_for()


def _visit(page: Page, demo: Demo, path: str) -> None:
    page.goto(demo.stack.url + path)
    page.wait_for_selector("main")
    # Until what was asked for is there: no wheel turns.
    expect(page.locator("main [data-spinner]")).to_have_count(0)


def _speak(page: Page, demo: Demo, language: str) -> None:
    """Set the person's language, which the account keeps."""
    page.goto(f"{demo.stack.url}/settings")
    page.locator(f'[data-choice="{language}"]').click()
    expect(page.locator("html")).to_have_attribute("lang", language)
