"""Whether birds lay, and how they grow, by what their people call them."""

from datetime import date

import pytest
from msgspec.structs import replace

from tokkatot.automation.curves import value_at
from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.farms.breeds import birds_of, is_native, lays
from tokkatot.cloud.farms.model import Flock, House
from tokkatot.cloud.twins.built import Birds, Twin, coop_built
from tokkatot.cloud.twins.house import usual_twin
from tokkatot.domain.flocks import NATIVE_GROWTH_PER_D, NATIVE_MATURE_KG
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


@pytest.mark.parametrize(
    "said",
    [
        "មាន់ស្រែ", "មាន់ខ្មែរ", "មាន់ស្រុក", "local", "Native chicken", "Skuoy", "skoy", "village birds",
        "Khmer", "native cross", "Skuoy cross", "native meat chicken", "local, free range",
        "មាន់ស្រែសាច់", "មាន់ស្រែយកសាច់", "មាន់ពូជខ្មែរ", "មាន់\u200bស្រែ", "មាន់ស្គួយ",
    ],
)  # fmt: skip
def test_birds_of_the_village_are_known_and_grow_slowly(said: str) -> None:
    house, flock = coop(said), Flock(placed_on=date(2026, 1, 1), present_count=300)
    assert is_native(house, flock)
    birds = birds_of(house, flock)
    assert birds.count == 300
    # Ri cocks turn at 697 g in week 8.46, hens at 488 g in week 7.51.
    assert value_at(birds.weight_kg, 56) == pytest.approx(0.592, abs=0.01)
    assert value_at(birds.weight_kg, 0) == pytest.approx(0.03)
    assert value_at(birds_of(coop("Cobb 500"), flock).weight_kg, 56) > 3.0


@pytest.mark.parametrize(
    "said",
    [
        None, "", "broiler", "Khmer broiler", "local hens", "មាន់ពងស្រែ", "localised", "CP local",
        "non-native", "not local", "មាន់ក្រៅស្រុក", "នាំចូលពីក្រៅស្រុក", "ស្រុកកៀនស្វាយ", "free range",
        "chicken", "Ross 308 from the village", "មាន់សាច់",
    ],
)  # fmt: skip
def test_others_are_not_taken_for_birds_of_the_village(said: str | None) -> None:
    assert not is_native(coop(said), None)


def test_a_twin_of_birds_of_the_village_grows_as_they_do() -> None:
    twin = Twin(
        house=KnownHouse.OPEN, floor_m2=60.0, equipped={}, fitted={}, fans_w=0.0,
        birds=Birds(count=300, age_d=56.0, kg=0.59, native=True),
    )  # fmt: skip
    native, flock = coop_built(twin)
    assert (native.mature_kg, native.growth_per_d) == (NATIVE_MATURE_KG, NATIVE_GROWTH_PER_D)
    assert flock.bird_kg == 0.59
    heavy, _ = coop_built(replace(twin, birds=Birds(count=300, age_d=140.0, kg=2.0, native=True)))
    assert heavy.mature_kg == pytest.approx(2.3)
    broilers, _ = coop_built(replace(twin, birds=Birds(count=300, age_d=56.0, kg=3.5)))
    assert broilers.mature_kg > 5.0


def test_what_is_said_of_the_flock_goes_before_what_is_said_of_its_house() -> None:
    assert usual_twin(coop(None), Flock(chicken_type="layer"), ()) is KnownHouse.HENS
    assert usual_twin(coop("layer"), Flock(chicken_type=None), ()) is KnownHouse.HENS
    assert usual_twin(coop("layer"), Flock(chicken_type="broiler"), ()) is KnownHouse.OPEN
