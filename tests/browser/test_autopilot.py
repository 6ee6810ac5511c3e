"""The page of a house's learned policy, against the whole running program and its hub."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.support import policies
from tests.support.autopilot import wanting
from tests.support.axe import violations
from tests.support.phones import MANAGER, OWNER, STAFF, Demo, Phone
from tests.support.stack import Program
from tokkatot.sim.farm import PASSWORD

COOP, GREENHOUSE = "Coop 2", "Greenhouse 1"


@pytest.fixture(scope="module")
def deployed(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A coop to which staff have given a policy, at the keyboard and over HTTP."""
    folder = tmp_path_factory.mktemp("policy")
    model = wanting(1.0).model
    taken_in = Program(
        "staff",
        "add-policy",
        str(policies.write(folder / "policy", model, policies.card(model))),
        log_path=folder / "staff.log",
        environment={"TOKKATOT_DATA_DIR": str(demo.stack.data_dir)},
    )
    assert taken_in.wait() == 0, Path(folder / "staff.log").read_text()
    with httpx.Client(base_url=f"{demo.stack.url}/v1", timeout=60) as http:
        answer = http.post("/auth/login", json={"login": STAFF, "password": PASSWORD}).json()
        given = http.post(
            f"/ml/models/{wanting(1.0).sha256}/deploy",
            json={"houses": [demo.houses[COOP]["id"]]},
            headers={"Authorization": f"Bearer {answer['access_token']}"},
        )
    assert given.status_code == httpx.codes.NO_CONTENT, given.text
    return COOP


def test_a_hub_that_was_told_to_advise_says_why_it_can_t_yet(phone: Phone, deployed: str) -> None:
    page = phone.page
    phone.log_in(OWNER)
    phone.open_house(deployed)
    page.click('[data-to="autopilot"]')
    expect(page.locator("[data-mode]")).to_have_attribute("data-mode", "off")
    expect(page.locator("[data-verified]")).to_contain_text("ផ្ទះពិតដែលបានវាស់")
    page.click('[data-choice="advise"]')
    expect(page.locator("[data-mode]")).to_have_attribute("data-mode", "advise")
    # Nothing measures the weather beside this coop.
    expect(page.locator('[data-refused="weather"]')).to_be_visible()
    expect(page.locator("[data-accept]")).to_have_count(0)
    assert violations(page, "advise in Khmer, light") == []

    page.click('[data-choice="auto"]')
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("២០")
    assert violations(page, "the question") == []
    dialog.locator(".button:not(.plain)").click()
    expect(page.locator("[data-mode]")).to_have_attribute("data-mode", "auto")
    page.click('[data-choice="off"]')
    expect(page.locator("[data-decision]")).to_have_count(0)


def test_an_owner_lets_it_learn_and_is_told_in_their_language_why_it_can_t(
    phone: Phone, demo: Demo
) -> None:
    page = phone.page
    phone.log_in(OWNER)
    page.wait_for_selector("[data-house]")
    address = f"{demo.stack.url}{demo.house_path(COOP)}/autopilot"
    page.goto(address)
    page.click("[data-learn]")
    told = page.locator('[data-not-learned] [data-reason="not_fitted"]')
    expect(told).to_contain_text("សូមតម្រូវគំរូ")
    page.goto(address)
    expect(told).to_be_visible()
    assert violations(page, "nothing to learn in, light") == []


def test_a_manager_is_not_offered_to_let_it_act_by_itself(
    phone: Phone, demo: Demo, deployed: str
) -> None:
    page = phone.page
    page.emulate_media(color_scheme="dark")
    phone.log_in(MANAGER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{demo.stack.url}{demo.house_path(deployed)}/autopilot")
    expect(page.locator('[data-choice="advise"]')).to_be_enabled()
    expect(page.locator('[data-choice="auto"]')).to_have_count(0)
    expect(page.locator("[data-training]")).to_be_visible()
    expect(page.locator("[data-learn]")).to_have_count(0)
    assert violations(page, "as a manager, dark") == []


def test_a_greenhouse_has_none_and_says_so(phone: Phone, demo: Demo) -> None:
    page = phone.page
    phone.log_in(OWNER)
    page.wait_for_selector("[data-house]")
    page.goto(f"{demo.stack.url}{demo.house_path(GREENHOUSE)}/autopilot")
    expect(page.locator("[data-none]")).to_be_visible()
    expect(page.locator("[data-mode]")).to_have_count(0)
    expect(page.locator("[data-training]")).to_have_count(0)
    assert violations(page, "a greenhouse") == []
