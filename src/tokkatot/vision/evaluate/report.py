"""The report of an evaluation: one HTML file that needs nothing beside it."""

import base64
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from tokkatot.vision.evaluate.judging import Judgement
from tokkatot.vision.evaluate.scores import Score, confusion, reliability, risk_by_coverage, told
from tokkatot.vision.evaluate.shortcuts import MASKS, SPOILINGS
from tokkatot.vision.findings import FINDINGS, Finding
from tokkatot.vision.preprocess.canvas import Pixels

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.25rem .75rem;border-bottom:1px solid #ccc;text-align:right}
td:first-child,th:first-child{text-align:left}
figure{display:inline-block;margin:.25rem;width:9rem;font-size:.8rem;vertical-align:top}
img{width:112px;height:112px}svg{max-width:24rem}
"""
_HEAD = ("figure", "value", "95 % between", "and", "pictures")
_SHORTCUTS = (
    "unseen_scene_accuracy",
    "centre_masked_alert_rate",
    "spoiled_refused",
    "non_dropping_refused",
    "untaught_non_dropping_refused",
)
_SHOWN = 24
_SIZE = 240


def report(judgement: Judgement, figures: Mapping[str, Score], *, title: str) -> str:
    """Return the report as a page."""
    parts = (
        f"<h1>{escape(title)}</h1>",
        "<p>This is no diagnosis. A vet decides, and a laboratory confirms by PCR.</p>",
        "<h2>Figures</h2>",
        _table(_HEAD, _figure_rows(figures)),
        *(f"<p>Refused as it is: {escape(one)}</p>" for one in judgement.refused[:_SHOWN]),
        "<h2>By class</h2>",
        _table(("truth", *(f"told {name}" for name in FINDINGS)), _confusion_rows(judgement)),
        "<h2>By source of the label</h2>",
        _table(
            ("source", "photographs", "accuracy"),
            _shares(judgement, [photo.source or "unknown" for photo in judgement.photos]),
        ),
        "<h2>By part</h2>",
        "<p>Of the unseen part, nothing else shows the background.</p>",
        _table(
            ("part", "photographs", "accuracy"),
            _shares(judgement, [part.value if part else "no split" for part in judgement.parts]),
        ),
        "<h2>Shortcuts</h2>",
        "<p>Where no dropping is to be seen, there is nothing to warn of.</p>",
        _table(
            _HEAD, _figure_rows({name: figures[name] for name in _SHORTCUTS if name in figures})
        ),
        *_covered(judgement),
        *_spoiled(judgement),
        "<h2>Calibration</h2>",
        "<p>Where the confidence is honest, the points lie on the line.</p>",
        _chart(
            [(x, y) for x, y, _ in reliability(judgement.probabilities, judgement.labels)],
            across="confidence",
            up="accuracy",
            diagonal=True,
        ),
        "<h2>Coverage against risk</h2>",
        "<p>The share of errors, where only the surest are told.</p>",
        _chart(_risk(judgement), across="coverage", up="errors", diagonal=False),
        "<h2>The surest errors</h2>",
        *_errors(judgement),
    )
    body = "\n".join(parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "<table>" + row(head, "th") + "".join(row(cells, "td") for cells in rows) + "</table>"


def _figure_rows(figures: Mapping[str, Score]) -> Iterator[tuple[str, ...]]:
    for name, score in figures.items():
        numbers = (f"{value:.4f}" for value in (score.value, score.low, score.high))
        yield (name, *numbers, str(score.count))


def _confusion_rows(judgement: Judgement) -> Iterator[tuple[str, ...]]:
    table = confusion(told(judgement.probabilities), judgement.labels, len(FINDINGS))
    for finding, row in zip(FINDINGS, table.tolist(), strict=True):
        yield (finding.value, *(str(count) for count in row))


def _shares(judgement: Judgement, kinds: Sequence[str]) -> Iterator[tuple[str, ...]]:
    right = told(judgement.probabilities) == judgement.labels
    for kind in sorted(set(kinds)):
        chosen = np.array([one == kind for one in kinds])
        yield (kind, str(int(chosen.sum())), f"{right[chosen].mean():.4f}")


def _covered(judgement: Judgement) -> Iterator[str]:
    """Show the first sick photograph as the models see it when its middle is covered."""
    is_sick = judgement.labels != FINDINGS.index(Finding.HEALTHY)
    sick = np.flatnonzero(is_sick & judgement.is_read)[:1]
    for name, covered in MASKS.items():
        for pixels in covered(judgement.canvases[sick]):
            yield _figure(pixels, f"covered: {name}")


def _spoiled(judgement: Judgement) -> Iterator[str]:
    """Show the first photograph that was read in every way in which it may be spoiled."""
    first = np.flatnonzero(judgement.is_read)[:1]
    for name, spoil in SPOILINGS.items() if len(first) else ():
        yield _figure(spoil(judgement.canvases[first])[0], f"spoiled: {name}")


def _risk(judgement: Judgement) -> list[tuple[float, float]]:
    if not judgement.photos:
        return []
    probabilities = judgement.probabilities
    return risk_by_coverage(probabilities.max(1), told(probabilities) == judgement.labels)


def _chart(points: Sequence[tuple[float, float]], *, across: str, up: str, diagonal: bool) -> str:
    top = 1.0 if diagonal else max([y for _, y in points] + [0.01])
    placed = [(30 + x * _SIZE, 10 + (1 - y / top) * _SIZE) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in placed)
    bottom, right = 10 + _SIZE, 30 + _SIZE
    slant = f'<path d="M30 {bottom}L{right} 10" stroke="#999" fill="none"/>' if diagonal else ""
    return (
        f'<svg viewBox="0 0 {right + 20} {bottom + 30}" role="img" aria-label="{up} by {across}">'
        f'<path d="M30 10V{bottom}H{right}" stroke="#333" fill="none"/>{slant}'
        f'<polyline points="{line}" stroke="#1663a8" fill="none"/>{dots}'
        f'<text x="{right}" y="{bottom + 20}" text-anchor="end" font-size="12">{across},'
        " 0 to 1</text>"
        f'<text x="34" y="20" font-size="12">{up}, up to {top:.2f}</text></svg>'
    )


def _errors(judgement: Judgement) -> Iterator[str]:
    probabilities = judgement.probabilities
    taken, confidence = told(probabilities), probabilities.max(1)
    wrong = np.flatnonzero((taken != judgement.labels) & judgement.is_read)
    for number in wrong[np.argsort(-confidence[wrong], kind="stable")][:_SHOWN].tolist():
        caption = (
            f"{FINDINGS[judgement.labels[number]].value} taken for {FINDINGS[taken[number]].value},"
            f" {confidence[number]:.2f}: {judgement.photos[number].name}"
        )
        yield _figure(judgement.canvases[number], caption)


def _figure(pixels: Pixels, caption: str) -> str:
    return (
        f'<figure><img alt="" src="{_inline(pixels)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _inline(pixels: Pixels) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
