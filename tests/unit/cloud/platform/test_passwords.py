"""Passwords are hashed, and too many at once are refused."""

import asyncio

import pytest

from tokkatot.cloud.platform.passwords import QUICK, STRONG, Passwords
from tokkatot.cloud.platform.problems import Unavailable


async def test_the_right_password_fits_and_no_other() -> None:
    passwords = Passwords(QUICK)
    stored = await passwords.hash("correct horse")
    assert await passwords.verify("correct horse", stored)
    assert not await passwords.verify("correct horses", stored)
    passwords.close()


async def test_nobody_s_password_never_fits() -> None:
    passwords = Passwords(QUICK)
    assert not await passwords.verify("nobody has this password", None)
    passwords.close()


async def test_a_hash_that_is_none_never_fits() -> None:
    passwords = Passwords(QUICK)
    assert not await passwords.verify("x", "not a hash")
    passwords.close()


async def test_a_cheap_hash_is_made_anew() -> None:
    cheap, strong = Passwords(QUICK), Passwords(STRONG)
    assert strong.needs_rehash(await cheap.hash("x"))
    cheap.close()
    strong.close()


async def test_more_than_may_wait_are_refused() -> None:
    passwords = Passwords(QUICK, threads=1, waiting_limit=2)
    first, second = (asyncio.create_task(passwords.hash("x")) for _ in range(2))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords.hash("x")
    await asyncio.wait([first, second])
    passwords.close()
