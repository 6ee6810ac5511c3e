"""Decides about the rules of houses: all of a house together, in one version."""

from collections.abc import Sequence
from uuid import UUID

from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import invalid_field
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.checks import Surroundings, check_rule
from tokkatot.cloud.schedules.model import HouseRules
from tokkatot.cloud.schedules.reading import read
from tokkatot.cloud.schedules.service import Writer
from tokkatot.cloud.schedules.written import keep, opened
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.domain.rules import Rule

MAX_NAME_CHARS = 100


async def rules_in(tx: Transaction, farm_id: FarmId, house_id: HouseId) -> HouseRules | None:
    """Return the rules of a house, None where nobody has written any.

    Raises:
        NotFound: when the farm has no such house.
    """
    await house_in(tx, farm_id, house_id)
    return (await store.rules_of(tx.session, [house_id])).get(house_id)


def read_rules(tx: Transaction, raw: Sequence[JsonObject], around: Surroundings) -> Sequence[Rule]:
    """Return rules as the engine takes them; one without an id gets one.

    Raises:
        Invalid: when one is not a rule, or the house could not carry it out.
    """
    rules: list[Rule] = []
    seen: set[UUID] = set()
    for index, fields in enumerate(raw):
        at = f"body.rules.{index}"
        rule: Rule = read({"id": str(tx.new_id()), **fields}, Rule, at)  # type: ignore[arg-type]  # a union
        if not 1 <= len(rule.name) <= MAX_NAME_CHARS:
            raise invalid_field(
                f"{at}.name", "invalid", f"A name has 1 to {MAX_NAME_CHARS} characters."
            )
        if rule.id in seen:
            raise invalid_field(f"{at}.id", "repeated", "Two rules have this id.")
        seen.add(rule.id)
        check_rule(rule, at, around)
        rules.append(rule)
    return rules


async def set_rules(
    tx: Transaction, writer: Writer, house_id: HouseId, raw: Sequence[JsonObject], *, edited: int
) -> HouseRules:
    """Give a house these rules in place of the former ones; the same ones make no new version.

    Raises:
        NotFound: when the farm has no such house.
        Invalid: when one of them is no rule of this house.
        Conflict: when another version than the one edited holds, or the hub could not hold it.
    """
    stored, around = await opened(tx, writer.access.farm_id, house_id, HouseRules, edited=edited)
    await keep(tx, writer, stored, read_rules(tx, raw, around), name="rules")
    return stored
