"""Whether birds lay, by what their people call them."""

import pytest

from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.farms.breeds import lays
from tokkatot.cloud.farms.model import Flock, House
from tokkatot.cloud.twins.house import usual_twin
from tokkatot.domain.houses import HouseKind


def coop(said: str | None) -> House:
    return House(kind=HouseKind.COOP, chicken_type=said)


@pytest.mark.parametrize(
    "said",
    [
        "layer", "Layers", "Hens", "laying hens", "brown EGG layers", "pullets", "មាន់ពង",
        "មាន់\u200bពង", "មាន់យកពង", "មាន់យកស៊ុត", "មេមាន់", "ISA Brown", "isa-brown", "Lohmann LSL",
        "Hy-Line W-80", "hyline", "Hisex", "មាន់ISA",
    ],
)  # fmt: skip
def test_layers_are_known_by_their_words_and_breeds(said: str) -> None:
    assert lays(coop(said), None)
    assert usual_twin(coop(said), None, ()) is KnownHouse.HENS


@pytest.mark.parametrize(
    "said",
    [
        None, "", "broiler", "Cobb 500", "Ross 308", "មាន់សាច់", "មាន់ស្រែ", "chicken", "Khmer",
        "Phnom Penh", "នាំពង្រីក", "Wisa",
    ],
)  # fmt: skip
def test_nobody_else_is_taken_for_a_layer(said: str | None) -> None:
    assert not lays(coop(said), None)
    assert usual_twin(coop(said), None, ()) is KnownHouse.OPEN


def test_what_is_said_of_the_flock_goes_before_what_is_said_of_its_house() -> None:
    assert usual_twin(coop(None), Flock(chicken_type="layer"), ()) is KnownHouse.HENS
    assert usual_twin(coop("layer"), Flock(chicken_type=None), ()) is KnownHouse.HENS
    assert usual_twin(coop("layer"), Flock(chicken_type="broiler"), ()) is KnownHouse.OPEN
