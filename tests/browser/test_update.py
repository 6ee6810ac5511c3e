"""A phone with the app on it meets a newer one: a second build behind the same address."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Request, expect
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.support.phones import TIMEOUT_MS
from tests.support.processes import free_port
from tests.support.stack import until
from tokkatot.webapp.files import find_web_app
from tokkatot.webapp.headers import SecurityHeaders
from tokkatot.webapp.serving import WebApp

CONTROLLED = """new Promise(done => navigator.serviceWorker.controller ? done()
    : navigator.serviceWorker.addEventListener('controllerchange', () => done(), {once: true}))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The app as it is served, from a folder that a test may change."""

    url: str
    folder: Path

    def release(self) -> None:
        """Put the next build in place of the present one, as its build step would write it."""
        page = self.folder / "index.html"
        page.write_text(page.read_text().replace("<head>", '<head><meta name="build" content="2">'))
        worker = self.folder / "service-worker.js"
        second = re.sub(r'VERSION = "\w+"', 'VERSION = "second"', worker.read_text())
        assert second != worker.read_text()
        worker.write_text(second)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve a copy of what was built."""
    built = find_web_app()
    assert built is not None
    folder = shutil.copytree(built, tmp_path / "web")
    port = free_port()
    served = Starlette(routes=[Mount("/", app=WebApp(folder))])
    app = SecurityHeaders(served, https=False)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until("the app is served", lambda: server.started or None)
    yield Site(url=f"http://127.0.0.1:{port}", folder=folder)
    server.should_exit = True
    thread.join(timeout=60)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A phone that has opened the app once, so that its worker keeps the shell."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    context.set_default_timeout(TIMEOUT_MS)
    opened = context.new_page()
    opened.goto(site.url)
    # The page's own rules allow no polling by eval, so the promise itself is awaited.
    opened.evaluate(CONTROLLED)
    yield opened
    context.close()


def test_a_new_version_is_offered_and_taken_with_one_tap(page: Page, site: Site) -> None:
    banner = page.locator("[data-update]")
    expect(banner).to_have_count(0)
    before = _caches(page)
    site.release()
    # The browser looks for a newer worker whenever the app is opened.
    page.reload()
    expect(banner).to_be_visible()
    # Until it is taken, nothing changes under the hand.
    assert page.locator('meta[name="build"]').count() == 0
    banner.get_by_role("button").click()
    expect(page.locator('meta[name="build"]')).to_have_count(1)
    expect(banner).to_have_count(0)
    after = _caches(page)
    assert after == ["tokkatot-second"] != before


def test_the_first_install_offers_nothing(page: Page) -> None:
    page.reload()
    page.wait_for_selector("main")
    expect(page.locator("[data-update]")).to_have_count(0)


def test_a_part_that_is_gone_loads_the_app_anew(browser: Browser, site: Site) -> None:
    context = browser.new_context(service_workers="block")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(site.url)
    page.wait_for_selector("main")
    manifest = json.loads((site.folder / ".vite" / "manifest.json").read_text())
    gone = site.folder / manifest["src/pages/SignupPage.vue"]["file"]
    kept = gone.read_bytes()
    gone.unlink()
    page.evaluate("window.before = true")

    def bring_back(request: Request) -> None:
        # The next build has the page under another name: here the same one comes back.
        if request.is_navigation_request():
            gone.write_bytes(kept)

    page.on("request", bring_back)
    with page.expect_event("load"):
        page.locator('a[href="/signup"]').click()
    assert page.evaluate("window.before") is None
    context.close()


def _caches(page: Page) -> list[str]:
    names: list[str] = page.evaluate("caches.keys()")
    return names
