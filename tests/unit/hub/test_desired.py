"""A desired document, from its envelope to what a hub may hold."""

from dataclasses import replace
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.engine import FARM, HUB, document
from tests.support.schedules import feeding
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.hub.desired import DesiredRefused, check_desired, open_desired
from tokkatot.wire.envelope import seal

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEYS = {"k1": KEY.public_key()}


def sealed(body: bytes, *, kid: str = "k1", key: Ed25519PrivateKey = KEY) -> bytes:
    return seal(body, kid=kid, key=key)


def test_a_document_comes_out_of_its_envelope_as_it_went_in() -> None:
    envelope = sealed(msgspec.json.encode(document()))
    assert open_desired(envelope, KEYS, farm_id=FARM, hub_id=HUB) == document()


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"{}",
        sealed(b"{}"),
        sealed(msgspec.json.encode(document()), kid="k2"),
        sealed(
            msgspec.json.encode(document()), key=Ed25519PrivateKey.from_private_bytes(b"x" * 32)
        ),
        sealed(msgspec.json.encode(document()).replace(b'"coop"', b'"barn"')),
        sealed(msgspec.json.encode(document()).replace(b'_max_c":30.0', b'_max_c":3.0')),
    ],
)
def test_what_is_not_signed_or_makes_no_sense_is_refused(envelope: bytes) -> None:
    with pytest.raises(DesiredRefused):
        open_desired(envelope, KEYS, farm_id=FARM, hub_id=HUB)


def broken() -> list[DesiredDocument]:
    whole = document()
    first = whole.devices[0]
    elsewhere = msgspec.structs.replace(feeding(), house_id=HouseId(UUID(int=99)))
    return [
        replace(whole, farm_id=FarmId(UUID(int=9))),
        replace(whole, houses=()),
        replace(whole, houses=whole.houses * 2),
        replace(whole, devices=(first, first)),
        replace(whole, devices=(replace(first, period_s=0.0),)),
        replace(whole, devices=(replace(first, period_s=float("nan")),)),
        replace(whole, devices=(first,) * 2001),
        replace(whole, time_zone="Asia/Atlantis"),
        replace(whole, time_zone="../etc"),
        replace(whole, schedules=(feeding(), feeding())),
        replace(whole, schedules=(elsewhere,)),
        replace(whole, houses=(replace(whole.houses[0], mode=HouseMode.FLOWERING),)),
    ]


@pytest.mark.parametrize("wrong", broken())
def test_a_document_that_this_hub_can_not_hold_is_refused(wrong: DesiredDocument) -> None:
    with pytest.raises(DesiredRefused):
        check_desired(wrong, farm_id=FARM, hub_id=HUB)
