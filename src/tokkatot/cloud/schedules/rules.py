"""Decides about the rules of houses: all of a house together, in one version."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, invalid_field
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.checks import Surroundings, check_rule, surroundings
from tokkatot.cloud.schedules.model import HouseRules
from tokkatot.cloud.schedules.reading import read
from tokkatot.cloud.schedules.service import Writer, distribute
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
    farm_id, by = writer.access.farm_id, writer.access.caller.user_id
    house = await house_in(tx, farm_id, house_id)
    await store.lock_house(tx.session, house_id)
    stored = await rules_in(tx, farm_id, house_id)
    version = 0 if stored is None else stored.version
    if version != edited:
        raise Conflict("conflict", f"Version {version} was written meanwhile: look at it first.")
    rules = read_rules(tx, raw, await surroundings(tx, house))
    encoded = msgspec.json.encode(rules)
    kept: list[JsonObject] = msgspec.json.decode(encoded)
    grew = stored is None or len(encoded) > len(msgspec.json.encode(stored.rules))
    if stored is None:
        stored = HouseRules(house_id=house_id, version=0, rules=[])
        tx.session.add(stored)
    elif stored.rules == kept:
        return stored
    stored.version, stored.rules = version + 1, kept
    stored.changed_at, stored.changed_by = tx.now, by
    # Fewer rules are never refused, however long the document is.
    await distribute(tx, stored, farm_id, house_id, writer.documents if grew else None)
    audit.record(
        tx,
        "rules.changed",
        farm_id=farm_id,
        house_id=house_id,
        user_id=by,
        data={"version": stored.version, "rules": _named(kept)},
        origin=writer.origin,
    )
    farm_changed(tx, farm_id, "rules", house_id)
    return stored


def _named(rules: Sequence[Mapping[str, object]]) -> list[object]:
    return [rule["name"] for rule in rules]
