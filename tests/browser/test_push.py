"""What the cloud says is shown on a phone, and a person chooses where else it reaches them."""

import json
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.support.phones import OWNER, Phone
from tests.support.stack import until

READY = "navigator.serviceWorker.ready.then(() => true)"
SHOWN = """navigator.serviceWorker.ready
    .then(worker => worker.getNotifications())
    .then(found => found.map(one => [one.title, one.body, one.data.path]))"""


def test_a_phone_shows_what_the_cloud_says(phone: Phone) -> None:
    page = phone.page
    phone.log_in(OWNER)
    page.wait_for_selector("[data-house]")
    page.evaluate(READY)
    phone.context.grant_permissions(["notifications"])
    devtools = phone.context.new_cdp_session(page)
    workers: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: workers.extend(one["registrationId"] for one in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    until("the browser names the worker", lambda: page.evaluate(READY) and workers)
    path = f"/farms/{phone.demo.farm_id}/alerts"
    said = {"title": "ក្ដៅពេក", "body": "ទ្រុងមាន់ទី១", "path": path, "urgent": True}
    address = urlsplit(page.url)
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": f"{address.scheme}://{address.netloc}",
            "registrationId": workers[0],
            "data": json.dumps(said),
        },
    )
    shown = until("it is shown", lambda: page.evaluate(SHOWN) or None)
    assert shown == [[said["title"], said["body"], path]]


def test_a_person_is_told_what_this_phone_lacks_and_what_can_be_added(phone: Phone) -> None:
    page = phone.page
    phone.log_in(OWNER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{phone.demo.stack.url}/settings")
    page.click("[data-channels]")
    expect(page.locator("[data-push]")).to_be_visible()
    form = page.locator("[data-add-channel]")
    form.locator("input").fill("json://127.0.0.1")
    form.locator('button[type="submit"]').click()
    expect(form.locator(".error")).to_be_visible()
    form.locator("input").fill(f"tgram://123456789:{'A' * 35}/4711")
    form.locator('button[type="submit"]').click()
    added = page.locator('[data-channel="telegram"]')
    expect(added).to_contain_text("4711")
    added.locator("[data-remove]").click()
    page.locator("dialog[open] .danger").click()
    expect(added).to_have_count(0)
