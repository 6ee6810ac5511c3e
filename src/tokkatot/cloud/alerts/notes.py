"""Alerts as people read them on a phone's lock screen, in a chat or in a mail."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from tokkatot.cloud.alerts.model import Message, MessageKind
from tokkatot.cloud.alerts.words import Facts, words
from tokkatot.cloud.channels.outgoing import Note
from tokkatot.domain.alerts import Severity
from tokkatot.domain.people import Language

PAGE = "/messages"
"""Where a message that is of no alert stands."""
_URGENT: Mapping[Language, str] = MappingProxyType(
    {Language.KHMER: "បន្ទាន់", Language.ENGLISH: "Urgent"}
)
_UNSEEN: Mapping[Language, str] = MappingProxyType(
    {
        Language.KHMER: "មិនទាន់មាននរណាទទួលដឹងទេ។",
        Language.ENGLISH: "Nobody has acknowledged it yet.",
    }
)


def note_of(message: Message, language: Language) -> Note:
    """Return a message as it goes over a channel: its first line says where."""
    facts = msgspec.convert(message.facts, Facts)
    said = words(facts, language)
    urgent = message.severity is Severity.CRITICAL
    unseen = _UNSEEN[language] if message.kind is MessageKind.ESCALATED else None
    alert_id = message.alert_id
    lines = (said.where, said.value, said.when, unseen, said.advice)
    return Note(
        title=f"{_URGENT[language]}: {said.what}" if urgent else said.what,
        body="\n".join(line for line in lines if line),
        path=PAGE if alert_id is None else f"/farms/{message.farm_id}/alerts/{alert_id}",
        urgent=urgent,
    )
