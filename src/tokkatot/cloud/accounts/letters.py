"""The words of the mails to people, in their language."""

from dataclasses import dataclass

from tokkatot.cloud.accounts.model import MAILED_CODE_LIFETIME
from tokkatot.domain.people import Language

_MINUTES = round(MAILED_CODE_LIFETIME.total_seconds() / 60)
_KHMER_DIGITS = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail's subject and text."""

    subject: str
    text: str


def reset_letter(language: Language, code: str, *, page: str | None) -> Letter:
    """Return the mail with a reset code; `page` is where it is typed in, if that is known.

    Nothing that people chose themselves is in it, so that nobody can have us send their words.
    """
    digits = " ".join(code[start : start + 4] for start in range(0, len(code), 4))
    return (_khmer if language is Language.KHMER else _english)(digits, page)


def _khmer(digits: str, page: str | None) -> Letter:
    minutes = str(_MINUTES).translate(_KHMER_DIGITS)
    where = f"នៅ {page}" if page else "ក្នុងកម្មវិធី Tokkatot ត្រង់ «ភ្លេចពាក្យសម្ងាត់»"
    return _letter(
        "លេខកូដសម្រាប់ប្ដូរពាក្យសម្ងាត់ Tokkatot",
        "សួស្ដី",
        f"លេខកូដរបស់អ្នក៖ {digits}",
        f"សូមវាយលេខកូដនេះ{where} រួចជ្រើសពាក្យសម្ងាត់ថ្មី។ លេខកូដប្រើបានតែម្ដង ក្នុងរយៈពេល {minutes} នាទី។",
        "បើអ្នកមិនបានសុំលេខកូដនេះទេ មិនបាច់ធ្វើអ្វីឡើយ ពាក្យសម្ងាត់របស់អ្នកនៅដដែល។ "
        "កុំប្រាប់លេខកូដនេះដល់អ្នកណា សូម្បីតែបុគ្គលិក Tokkatot។",
    )


def _english(digits: str, page: str | None) -> Letter:
    where = f"at {page}" if page else "in the Tokkatot app, under “Forgot your password”"
    return _letter(
        "Your code for a new Tokkatot password",
        "Hello,",
        f"Your code: {digits}",
        f"Enter it {where}, and choose a new password. "
        f"The code works once, within {_MINUTES} minutes.",
        "If you did not ask for it, there is nothing to do: your password stays as it is. "
        "Tell nobody this code, not even the Tokkatot staff.",
    )


def _letter(subject: str, *paragraphs: str) -> Letter:
    return Letter(subject=subject, text="\n\n".join(paragraphs) + "\n")
