"""Draws the reference page of error codes from the table; run it to write the page."""

from pathlib import Path

from tokkatot.wire.problems import CODES

_HEAD = """# Errors over HTTP

<!-- Drawn from wire/problems.py by `python -m tests.support.http_errors`. -->

Every error is a [problem](https://www.rfc-editor.org/rfc/rfc9457) with the media type
`application/problem+json`:

| field | what |
|---|---|
| `type` | `urn:tokkatot:problem:CODE` |
| `title` | what is wrong, for people |
| `status` | the HTTP status |
| `detail` | a sentence that a person can act on |
| `code` | one of the codes below; programs decide by it |
| `request_id` | names the request in our log, also in the `X-Request-Id` header |
| `errors` | each field that is not right, as `field`, `code` and `detail` |

| code | status | what | what to do |
|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    rows = (
        f"| `{code}` | {spec.status.value} | {spec.title} | {spec.advice} |\n"
        for code, spec in CODES.items()
    )
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    target = Path(__file__).parents[2] / "docs" / "reference" / "http-errors.md"
    target.write_text(page())
