"""The one resolver of an actuator: from proposals to a winner."""

from collections.abc import Sequence
from functools import lru_cache

from tokkatot.automation.plan import Actuator
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.domain.devices import Level

_COMBINED = frozenset({Source.SCHEDULE, Source.RULE})


def arbitrate(actuator: Actuator, proposals: Sequence[Proposal]) -> Proposal:
    """Return the winner: a person before a schedule before a rule before rest.

    Ventilation that schedules and rules ask for combines by maximum, so that neither can shut the
    air that the other needs. No proposal is not "off": it is the actuator's own rest.
    """
    if not proposals:
        return _at_rest(actuator.rest)
    if len(proposals) == 1:
        return proposals[0]
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
        or _at_rest(actuator.rest)
    )


@lru_cache(maxsize=16)
def _at_rest(level: Level) -> Proposal:
    return Proposal(source=Source.REST, reason="rest", level=level)


def _first(proposals: Sequence[Proposal], source: Source) -> Proposal | None:
    return next((proposal for proposal in proposals if proposal.source is source), None)


def _level(proposal: Proposal) -> float:
    return proposal.level
