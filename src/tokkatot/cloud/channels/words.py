"""What goes over a channel beside alerts: the code that proves it, and the test."""

from tokkatot.cloud.channels.outgoing import Note
from tokkatot.domain.people import Language

PAGE = "/settings/channels"


def code_note(language: Language, code: str) -> Note:
    """Return the text with a code; nothing that people chose themselves is in it."""
    if language is Language.KHMER:
        title = f"លេខកូដ Tokkatot របស់អ្នក៖ {code}"
        body = (
            "សូមវាយលេខកូដនេះក្នុងកម្មវិធី ដើម្បីទទួលការព្រមាននៅទីនេះ។ លេខកូដប្រើបានក្នុងរយៈពេល ១ ម៉ោង។\n"
            "បើអ្នកមិនបានសុំទេ មិនបាច់ធ្វើអ្វីឡើយ។"
        )
    else:
        title = f"Your Tokkatot code: {code}"
        body = (
            "Enter it in the app to get alerts here. It works for an hour.\n"
            "If you did not ask for it, there is nothing to do."
        )
    return Note(title=title, body=body, path=PAGE, urgent=False)


def stay_note(language: Language) -> Note:
    """Return the text that asks to open the app on a phone before its login ends."""
    if language is Language.KHMER:
        title = "សូមបើក Tokkatot ដើម្បីបន្តទទួលការព្រមាននៅលើទូរស័ព្ទនេះ"
        body = "កម្មវិធីមិនបានបើកយូរហើយ។ បើមិនបើកទេ ប៉ុន្មានថ្ងៃទៀត ការព្រមាននឹងលែងមកដល់ទីនេះ។"
    else:
        title = "Open Tokkatot to keep getting alerts on this phone"
        body = "It was not opened for long. In a few days alerts would no longer come here."
    return Note(title=title, body=body, path="/", urgent=False)


def test_note(language: Language) -> Note:
    """Return the text of a test."""
    if language is Language.KHMER:
        title, body = "សាកល្បងពី Tokkatot", "ការព្រមានមកដល់ទីនេះហើយ។"
    else:
        title, body = "Test from Tokkatot", "Alerts reach you here."
    return Note(title=title, body=body, path=PAGE, urgent=False)
