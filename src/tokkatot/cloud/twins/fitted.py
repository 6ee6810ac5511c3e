"""What was found of a house's twin, as its simulation takes it."""

from collections.abc import Mapping

import msgspec

from tokkatot.climate.calibrate.card import CardRefused, read_card
from tokkatot.climate.calibrate.knobs import COOP_KNOBS, GREENHOUSE_KNOBS
from tokkatot.climate.physics.known import COOPS, House
from tokkatot.cloud.intelligence.model import FittedTwin
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason


def fitted_fields(fit: FittedTwin, known: House) -> dict[str, float]:
    """Return the parameters that a fit has found, by their names.

    Raises:
        Unanswerable: where they are none that this program knows.
    """
    knobs = COOP_KNOBS if known in COOPS else GREENHOUSE_KNOBS
    try:
        found: Mapping[str, float] = read_card(msgspec.json.encode(fit.card), known, knobs)
    except CardRefused as refused:
        raise Unanswerable(
            f"Fit the twin of the house again: {refused}", Reason("fit_again")
        ) from refused
    return dict(found)
