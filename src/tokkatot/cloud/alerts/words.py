"""Alerts in the languages of people: what, where, which value, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tokkatot.domain.alerts import AlertType
from tokkatot.domain.droppings import Disease
from tokkatot.domain.people import Language
from tokkatot.domain.quantities import SPECS, Quantity

_KHMER_DIGITS = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")
KM, EN = Language.KHMER, Language.ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a message speaks of, in no language; `unit` is that of the two values."""

    type: str
    farm: str
    house: str | None = None
    device: str | None = None
    name: str | None = None
    actual: float | None = None
    threshold: float | None = None
    unit: str | None = None
    detection: str | None = None
    """Whose picture shows it."""
    since: str | None = None
    """Since when it is so, on the farm's clock; with the day where that was not today."""
    until: str | None = None
    """When it was over, where it is."""
    times: int | None = None
    """How often the alert had been told by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A message as a person reads it."""

    what: str
    where: str
    value: str | None
    when: str | None
    """Since when it is so, or from when to when it was; None where it began just now."""
    advice: str


_WHAT: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        AlertType.WATER_LOW: ("ទឹកក្នុងធុងនៅតិច", "Water in the tank is low"),
        AlertType.WATER_NOT_RISING: (
            "បូមហើយ តែទឹកមិនឡើង",
            "Pump runs, but the water does not rise",
        ),
        AlertType.TEMPERATURE_LOW: ("ត្រជាក់ពេក", "Too cold"),
        AlertType.TEMPERATURE_HIGH: ("ក្ដៅពេក", "Too hot"),
        AlertType.TEMPERATURE_HARD_LIMIT: ("ក្ដៅខ្លាំង មានគ្រោះថ្នាក់", "Dangerous heat"),
        AlertType.SENSOR_STALE: ("ឧបករណ៍វាស់លែងផ្ញើលេខ", "A sensor has gone silent"),
        AlertType.SENSOR_DOUBTFUL: (
            "ឧបករណ៍វាស់ផ្ញើលេខមិនគួរឲ្យជឿ",
            "A sensor sends values that can’t be trusted",
        ),
        AlertType.SENSORS_DISAGREE: ("ឧបករណ៍វាស់បង្ហាញលេខខុសគ្នាឆ្ងាយ", "Two sensors disagree"),
        AlertType.DEVICE_OFFLINE: ("ឧបករណ៍ដាច់ទំនាក់ទំនង", "A device is offline"),
        AlertType.DEVICE_ERROR: ("ឧបករណ៍មានបញ្ហា", "A device has a fault"),
        AlertType.NODE_OFFLINE: (
            "ប្រអប់ឧបករណ៍ដាច់ទំនាក់ទំនង",
            "A node with its devices is offline",
        ),
        AlertType.SCHEDULE_FAILED: ("កាលវិភាគមិនបានដំណើរការ", "A schedule could not do its work"),
        AlertType.LIMIT: ("លេខហួសកំណត់", "A value is beyond its limit"),
        AlertType.RATE: ("លេខប្ដូរលឿនពេក", "A value changes too fast"),
        AlertType.DIFFERENCE: ("លេខខុសពីគោលដៅឆ្ងាយពេក", "A value is too far from its target"),
        AlertType.AGE_LIMIT: ("លេខមិនត្រូវនឹងអាយុសត្វ", "A value does not suit the birds’ age"),
        AlertType.EXPRESSION: ("មានអ្វីខុសប្រក្រតី", "Something is wrong"),
        AlertType.ALARM_TEST: ("សាកល្បងការព្រមាន", "Test of the alarms"),
        AlertType.MANY_DEVICES: ("ឧបករណ៍ច្រើនមានបញ្ហាដូចគ្នា", "Many devices have the same trouble"),
        AlertType.ALARM_FLOOD: ("មានការព្រមានច្រើនក្នុងពេលតែមួយ", "Many alarms at once"),
        AlertType.DROPPING_SUSPICIOUS: (
            "រូបលាមកមួយមានសញ្ញាជំងឺ",
            "A photograph of droppings shows signs of disease",
        ),
        AlertType.FLOCK_SUSPICIOUS: (
            "រូបលាមកច្រើនមានសញ្ញាជំងឺដូចគ្នា",
            "Several photographs of droppings show the same disease",
        ),
        AlertType.CAMERA_FAILED: ("កាមេរ៉ាមិនផ្ញើរូប", "A camera gives no picture"),
        AlertType.HUB_OFFLINE: ("ប្រអប់បញ្ជាដាច់ទំនាក់ទំនង", "The control box is offline"),
        AlertType.DATA_GAP: ("ខ្វះទិន្នន័យមួយរយៈ", "Data is missing for a while"),
        AlertType.TWIN_DRIFT: (
            "ផ្ទះលែងដូចគំរូព្យាករ",
            "The house no longer does what its model foretells",
        ),
        AlertType.WEIGHT_BEHIND: (
            "មាន់ស្រាលជាងការព្យាករ",
            "The birds weigh less than was foretold",
        ),
        AlertType.YIELD_BEHIND: (
            "បេះបានតិចជាងការព្យាករ",
            "Less was picked than was foretold",
        ),
    }
)

_ADVICE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        AlertType.WATER_LOW: (
            "មើលថាម៉ូទ័របូមទឹកដើរឬអត់។",
            "See whether the pump is running.",
        ),
        AlertType.WATER_NOT_RISING: (
            "មើលប្រភពទឹក បំពង់ និងម៉ូទ័រ។",
            "Check the water source, the pipe and the pump.",
        ),
        AlertType.TEMPERATURE_LOW: (
            "មើលម៉ាស៊ីនកម្ដៅ និងបិទកន្លែងខ្យល់ចូល។",
            "Check the heater and close draughts.",
        ),
        AlertType.TEMPERATURE_HIGH: (
            "មើលកង្ហារ និងបើកខ្យល់បន្ថែម។",
            "Check the fans and open more air.",
        ),
        AlertType.TEMPERATURE_HARD_LIMIT: (
            "ទៅទ្រុងភ្លាម! បើកខ្យល់ និងឲ្យទឹកសត្វ។",
            "Go there now! Open the air and give water.",
        ),
        AlertType.SENSOR_STALE: (
            "មើលខ្សែ និងភ្លើងរបស់ឧបករណ៍វាស់។",
            "Check the sensor’s cable and power.",
        ),
        AlertType.SENSOR_DOUBTFUL: (
            "មើលថាឧបករណ៍វាស់ស្អាត ស្ងួត និងនៅនឹងកន្លែង។",
            "See that the sensor is clean, dry and in its place.",
        ),
        AlertType.SENSORS_DISAGREE: (
            "មើលថាឧបករណ៍វាស់មួយណាខុស ដោយប្រៀបធៀបនឹងទែម៉ូម៉ែត្រ។",
            "Find out which sensor is wrong, with a thermometer beside it.",
        ),
        AlertType.DEVICE_OFFLINE: (
            "មើលខ្សែ និងភ្លើងរបស់ឧបករណ៍។",
            "Check the device’s cable and power.",
        ),
        AlertType.NODE_OFFLINE: (
            "មើលភ្លើង និងខ្សែរបស់ប្រអប់ឧបករណ៍។",
            "Check the node’s power and cable.",
        ),
        AlertType.DEVICE_ERROR: ("ទៅមើលឧបករណ៍ផ្ទាល់។", "Go and look at the device."),
        AlertType.SCHEDULE_FAILED: (
            "មើលឧបករណ៍ផ្ទាល់ រួចធ្វើដោយដៃបើចាំបាច់។",
            "Look at its devices, and do by hand what is needed.",
        ),
        AlertType.ALARM_TEST: (
            "ចុច «ខ្ញុំបានឃើញហើយ» ដើម្បីបញ្ជាក់ថាដំណឹងមកដល់។",
            "Say that you have seen it: that proves that messages arrive.",
        ),
        AlertType.MANY_DEVICES: (
            "មើលភ្លើង និងហ្វុយស៊ីប។ មើលបញ្ជីការព្រមានទាំងអស់។",
            "Check power and fuses. See all of them in the list of alerts.",
        ),
        AlertType.ALARM_FLOOD: (
            "មើលបញ្ជីការព្រមានទាំងអស់ រួចទៅមើលផ្ទាល់។",
            "See all of them in the list of alerts, then go and look.",
        ),
        AlertType.DROPPING_SUSPICIOUS: (
            "នេះមិនមែនជារោគវិនិច្ឆ័យទេ។ ញែកសត្វនៅកន្លែងនោះ រួចហៅពេទ្យសត្វមកមើល និងធ្វើតេស្ត PCR។",
            "This is no diagnosis. Keep the birds there apart, call a vet and ask for a PCR test.",
        ),
        AlertType.FLOCK_SUSPICIOUS: (
            "ហៅពេទ្យសត្វថ្ងៃនេះ ហើយធ្វើតេស្ត PCR។ កុំយកសត្វចូលឬចេញ។ លាងដៃនិងស្បែកជើងមុនចូលទ្រុងផ្សេង។",
            "Call a vet today and ask for a PCR test. Let no bird in or out, and wash well.",
        ),
        AlertType.CAMERA_FAILED: (
            "មើលខ្សែ និងភ្លើងរបស់កាមេរ៉ា។ លាមកថ្មីមិនត្រូវបានពិនិត្យទេ។",
            "Check the camera’s cable and power. No new droppings are looked at.",
        ),
        AlertType.HUB_OFFLINE: (
            "មើលភ្លើង និងអ៊ីនធឺណិតនៅកសិដ្ឋាន។",
            "Check power and internet at the farm.",
        ),
        AlertType.DATA_GAP: (
            "បើកើតញឹកញាប់ សូមទាក់ទងបុគ្គលិក។",
            "If it happens often, contact the staff.",
        ),
        AlertType.TWIN_DRIFT: (
            "មើលឧបករណ៍វាស់ កង្ហារ និងម៉ាស៊ីនកម្ដៅ។",
            "Check the sensors, the fans and the heater.",
        ),
        AlertType.WEIGHT_BEHIND: (
            "មើលចំណី ទឹក កម្ដៅ និងសុខភាពមាន់ រួចមើលថាជញ្ជីងត្រូវឬអត់។",
            "Check feed, water, heat and the birds’ health, then whether the scale is right.",
        ),
        AlertType.YIELD_BEHIND: (
            "មើលទឹក ជី ពន្លឺ និងសត្វល្អិត រួចមើលថាបានកត់ត្រាអ្វីដែលបេះគ្រប់ឬអត់។",
            "Check water, fertiliser, light and pests, then whether all that was picked is noted.",
        ),
    }
)
_DISEASES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        Disease.COCCIDIOSIS: ("ជំងឺកុកស៊ីឌីយ៉ូស", "coccidiosis"),
        Disease.SALMONELLA: ("ជំងឺសាល់ម៉ូណែឡា", "salmonella"),
        Disease.NEWCASTLE: ("ជំងឺញូវកាស", "Newcastle disease"),
    }
)
OF_DROPPINGS = frozenset({AlertType.DROPPING_SUSPICIOUS, AlertType.FLOCK_SUSPICIOUS})

_NAMED = frozenset({AlertType.SCHEDULE_FAILED, AlertType.CAMERA_FAILED})
"""Whose name says nothing alone."""
_COUNTED = frozenset(
    {
        AlertType.MANY_DEVICES,
        AlertType.ALARM_FLOOD,
        AlertType.NODE_OFFLINE,
        AlertType.FLOCK_SUSPICIOUS,
    }
)
_PERCENT = frozenset(
    {
        AlertType.WATER_LOW,
        AlertType.WATER_NOT_RISING,
        AlertType.DEVICE_ERROR,
        AlertType.DROPPING_SUSPICIOUS,
        AlertType.WEIGHT_BEHIND,
        AlertType.YIELD_BEHIND,
    }
)
_DEGREES = frozenset({AlertType.SENSORS_DISAGREE, AlertType.TWIN_DRIFT})
_LOOK = ("សូមទៅមើលផ្ទាល់។", "Please go and look.")
_WRONG = ("មានអ្វីខុសប្រក្រតី", "Something is wrong")


def words(facts: Facts, language: Language) -> Words:
    """Return a message in a language; a type that has no words yet is still told."""
    pick = 0 if language is KM else 1
    named = facts.name or _WHAT.get(facts.type, _WRONG)[pick]
    if facts.type in _NAMED and facts.name is not None:
        named = f"{_WHAT[facts.type][pick]}: {facts.name}"
    disease = _DISEASES.get(facts.name or "") if facts.type in OF_DROPPINGS else None
    if disease is not None:
        named = f"{_WHAT[facts.type][pick]}: {disease[pick]}"
    return Words(
        what=named,
        where=" · ".join(part for part in (facts.farm, facts.house, facts.device) if part),
        value=_value(facts, language),
        when=_when(facts, language),
        advice=_ADVICE.get(facts.type, _LOOK)[pick],
    )


def unit_of(kind: AlertType, quantity: Quantity | None) -> str | None:
    """Return the unit of an alert's values, None where they are none that a person reads."""
    if quantity is not None:
        return SPECS[quantity].unit + ("/min" if kind is AlertType.RATE else "")
    if kind in _PERCENT:
        return "%"
    return "°C" if kind.startswith("temperature") or kind in _DEGREES else None


def _value(facts: Facts, language: Language) -> str | None:
    if facts.actual is None:
        return None
    if facts.type in _COUNTED:
        count = _number(facts.actual, language)
        return f"ចំនួន {count}" if language is KM else f"{count} together"
    if facts.unit is None:
        return None
    decimals = 2 if facts.unit.startswith("kPa") else 1
    actual = f"{_number(facts.actual, language, decimals)} {facts.unit}"
    if facts.threshold is None:
        return actual
    limit = f"{_number(facts.threshold, language, decimals)} {facts.unit}"
    return f"{actual} (កំណត់ {limit})" if language is KM else f"{actual} (limit {limit})"


def _when(facts: Facts, language: Language) -> str | None:
    since, until = facts.since, facts.until
    if since is None:
        return None
    if language is KM:
        said = f"តាំងពី {since}" if until is None else f"ពី {since} ដល់ {until}"
        return said.translate(_KHMER_DIGITS)
    return f"Since {since}" if until is None else f"From {since} to {until}"


def _number(value: float, language: Language, decimals: int = 1) -> str:
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    return text.translate(_KHMER_DIGITS) if language is KM else text
