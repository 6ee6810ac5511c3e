"""Detections as a models' process tells of them."""

from uuid import UUID

import msgspec

from tokkatot.wire.pictures import Detection

HOUSE = UUID(int=3)


def detection(
    number: int = 1,
    disease: str = "coccidiosis",
    confidence: float = 0.93,
    *,
    house: UUID = HOUSE,
    **more: object,
) -> Detection:
    """Return a detection; another number, another photograph."""
    likely = dict.fromkeys(("healthy", "coccidiosis", "salmonella", "newcastle"), 0.0)
    warns = disease in likely and disease != "healthy" and confidence >= 0.8
    made = Detection(
        id=UUID(int=1000 + number),
        house=house,
        camera="droppings",
        disease=disease,
        confidence=confidence,
        alert=warns,
        isolate=warns,
        **{**likely, disease if disease in likely else "healthy": confidence},
        no_dropping=0.02,
        reasons="confident",
        fingerprint=f"{hash_of(number):016x}",
        models="abc",
        sha256=f"{number:064x}",
        size_bytes=1234,
        width=640,
        height=480,
        thumbnail=b"\xff\xd8jpeg",
    )
    return msgspec.structs.replace(made, **more)


def hash_of(number: int) -> int:
    """Return 64 bits that are far from those of every other number."""
    return number * 0x9E3779B97F4A7C15 % 2**64
