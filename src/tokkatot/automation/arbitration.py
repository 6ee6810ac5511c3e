"""The one resolver of an actuator: from proposals to a winner."""

from collections.abc import Sequence

from tokkatot.automation.plan import Actuator
from tokkatot.automation.proposals import Proposal, Source

_COMBINED = frozenset({Source.SCHEDULE, Source.RULE})


def arbitrate(actuator: Actuator, proposals: Sequence[Proposal]) -> Proposal:
    """Return the winner: a person before a schedule before a rule before rest.

    Ventilation that schedules and rules ask for combines by maximum, so that neither can shut the
    air that the other needs. No proposal is not "off": it is the actuator's own rest.
    """
    person = _first(proposals, Source.PERSON)
    if person is not None:
        return person
    if actuator.spec.ventilates:
        combined = [proposal for proposal in proposals if proposal.source in _COMBINED]
        if combined:
            return max(combined, key=_level)
    return (
        _first(proposals, Source.SCHEDULE)
        or _first(proposals, Source.RULE)
        or Proposal(source=Source.REST, reason="rest", level=actuator.rest)
    )


def _first(proposals: Sequence[Proposal], source: Source) -> Proposal | None:
    return next((proposal for proposal in proposals if proposal.source is source), None)


def _level(proposal: Proposal) -> float:
    return proposal.level
