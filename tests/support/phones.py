"""Phones in the hands of the people of the demo farm."""

import re
from dataclasses import dataclass

import httpx
from playwright.sync_api import BrowserContext, Locator, Page

from tests.support.people import Json
from tests.support.stack import Stack
from tokkatot.sim.farm import ACCOUNTS, PASSWORD

OWNER, MANAGER, VIEWER, STAFF = (account.login for account in ACCOUNTS)
TIMEOUT_MS = 60_000
"""For everything that a phone waits for: a busy machine shows it late."""
_LATIN_WORD = re.compile(r"[A-Za-z]{4,}")
_NAMES = {account.name for account in ACCOUNTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The demo farm: where it is served, its id, its houses by their names."""

    stack: Stack
    farm_id: str
    houses: dict[str, Json]

    def house_path(self, name: str) -> str:
        """Where the app shows a house."""
        return f"/farms/{self.farm_id}/houses/{self.houses[name]['id']}"

    def relay(self, house: str, device_id: str) -> float | None:
        """Return where a device really is, as the hub's own driver reads it back."""
        hub = self.stack.hub_url(self.houses[house]["hub"]["id"])
        devices: list[Json] = httpx.get(f"{hub}/v1/state", timeout=60).json()["devices"]
        actual: float | None = next(item["actual"] for item in devices if item["id"] == device_id)
        return actual


class Phone:
    """One phone with the app in it."""

    def __init__(self, demo: Demo, context: BrowserContext) -> None:
        self.demo = demo
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(TIMEOUT_MS)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def log_in(self, login: str, password: str = PASSWORD) -> None:
        """Fill in the log-in page, whatever its language."""
        if "/login" not in self.page.url:
            self.page.goto(self.demo.stack.url)
        self.page.fill('input[autocomplete="username"]', login)
        self.page.fill('input[autocomplete="current-password"]', password)
        self.page.click('button[type="submit"]')

    def open_house(self, name: str) -> None:
        """Go to a house and wait until it is live."""
        self.page.wait_for_selector("[data-house]")
        self.page.click(f'[data-house="{self.demo.houses[name]["id"]}"]')
        self.page.wait_for_selector('main[data-fresh="true"]')

    def english_words(self) -> set[str]:
        """Return what stands on the page in English; people's names are as they wrote them."""
        return set(_LATIN_WORD.findall(self.page.locator("main").inner_text())) - _NAMES

    def control(self, role: str) -> Locator:
        """Return the control of the first device of a role."""
        return self.page.locator(f'[data-role="{role}"]').first

    def tap(self, role: str, level: int) -> None:
        """Tap a control, as a finger does."""
        self.control(role).locator(f'[data-level="{level}"]').click()
