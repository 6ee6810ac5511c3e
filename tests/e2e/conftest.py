"""One demo farm for the tests that leave it as they found it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support.people import HouseView, Json, Person
from tests.support.stack import Stack
from tokkatot.sim.farm import ACCOUNTS

OWNER, MANAGER, VIEWER, STAFF = (account.login for account in ACCOUNTS)


async def hub_state(stack: Stack, house: HouseView) -> Json:
    """Return what the house's own hub shows on its local web."""
    url = stack.hub_url((await house.state())["hub"]["id"])
    async with httpx.AsyncClient(timeout=60) as http:
        return (await http.get(f"{url}/v1/state")).json()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole program, started once; a test that breaks a part waits until it works again."""
    with Stack.start(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
async def owner(stack: Stack) -> AsyncIterator[Person]:
    person = await Person.log_in(stack.url, OWNER)
    yield person
    await person.close()


@pytest.fixture
async def manager(stack: Stack) -> AsyncIterator[Person]:
    person = await Person.log_in(stack.url, MANAGER)
    yield person
    await person.close()


@pytest.fixture
async def viewer(stack: Stack) -> AsyncIterator[Person]:
    person = await Person.log_in(stack.url, VIEWER)
    yield person
    await person.close()


@pytest.fixture
async def staff(stack: Stack) -> AsyncIterator[Person]:
    person = await Person.log_in(stack.url, STAFF)
    yield person
    await person.close()


@pytest.fixture
async def coop(manager: Person) -> HouseView:
    """Coop 1 as the manager sees it, with its hub connected and its devices reporting."""
    house = await manager.house("Coop 1")
    await house.reporting()
    return house
