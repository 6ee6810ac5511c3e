"""Messages in the languages of people."""

import pytest

from tokkatot.cloud.alerts.words import Facts, unit_of, words
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.people import Language
from tokkatot.domain.quantities import Quantity

KM, EN = Language.KHMER, Language.ENGLISH
HOT = Facts(
    type=AlertType.TEMPERATURE_HIGH,
    farm="Kandal",
    house="Coop 1",
    device="Fan",
    actual=33.25,
    threshold=31.0,
    unit="°C",
)


def test_a_message_says_what_where_which_value_and_what_to_do() -> None:
    said = words(HOT, EN)
    assert (said.what, said.where) == ("Too hot", "Kandal · Coop 1 · Fan")
    assert said.value == "33.2 °C (limit 31 °C)"
    assert said.advice == "Check the fans and open more air."


def test_numbers_are_khmer_in_khmer() -> None:
    assert words(HOT, KM).value == "៣៣.២ °C (កំណត់ ៣១ °C)"


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(AlertType))
def test_every_type_has_words_of_its_own(kind: AlertType, language: Language) -> None:
    said = words(Facts(type=kind, farm="Kandal"), language)
    khmer = any("\u1780" <= char <= "\u17ff" for char in said.what + said.advice)
    assert khmer is (language is KM)
    assert said.what != words(Facts(type="unknown", farm="Kandal"), language).what or (
        kind is AlertType.EXPRESSION
    )


@pytest.mark.parametrize(("language", "vet"), [(EN, "call a vet"), (KM, "ហៅពេទ្យសត្វ")])
@pytest.mark.parametrize("kind", [AlertType.DROPPING_SUSPICIOUS, AlertType.FLOCK_SUSPICIOUS])
def test_who_is_warned_of_droppings_is_sent_to_a_vet_and_a_laboratory_and_given_no_dose(
    kind: AlertType, language: Language, vet: str
) -> None:
    advice = words(Facts(type=kind, farm="Kandal"), language).advice

    assert vet in advice.lower()
    assert "PCR" in advice
    assert [char for char in advice if char.isdigit()] == []


def test_of_a_camera_it_is_said_which_one_and_what_is_wrong_with_it() -> None:
    said = words(Facts(type="camera_failed", farm="Kandal", house="Coop 1", name="front"), EN)
    assert said.what == "A camera gives no picture: front"


def test_an_alarm_is_called_as_people_call_it() -> None:
    assert words(Facts(type="limit", farm="Kandal", name="Ammonia"), KM).what == "Ammonia"


@pytest.mark.parametrize(
    ("since", "until", "english", "khmer"),
    [
        (None, None, None, None),
        ("05:12", None, "Since 05:12", "តាំងពី ០៥:១២"),
        ("28/02 23:00", "05:12", "From 28/02 23:00 to 05:12", "ពី ២៨/០២ ២៣:០០ ដល់ ០៥:១២"),
    ],
)
def test_a_message_says_since_when_it_is_so_or_from_when_to_when_it_was(
    since: str | None, until: str | None, english: str | None, khmer: str | None
) -> None:
    facts = Facts(type=AlertType.WATER_LOW, farm="Kandal", since=since, until=until)
    assert (words(facts, EN).when, words(facts, KM).when) == (english, khmer)


def test_what_was_told_together_says_how_many() -> None:
    many = Facts(type=AlertType.MANY_DEVICES, farm="Kandal", actual=40.0)
    assert words(many, EN).value == "40 together"


def test_a_type_of_a_later_version_is_told_all_the_same() -> None:
    assert words(Facts(type="mood_low", farm="Kandal"), EN).what == "Something is wrong"


@pytest.mark.parametrize(
    ("kind", "quantity", "unit"),
    [
        (AlertType.WATER_LOW, None, "%"),
        (AlertType.TEMPERATURE_HARD_LIMIT, None, "°C"),
        (AlertType.SENSOR_STALE, None, None),
        (AlertType.LIMIT, Quantity.CO2, "ppm"),
        (AlertType.RATE, Quantity.TEMPERATURE, "°C/min"),
    ],
)
def test_values_have_their_unit(
    kind: AlertType, quantity: Quantity | None, unit: str | None
) -> None:
    assert unit_of(kind, quantity) == unit
