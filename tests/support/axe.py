"""What axe has to say against a page."""

from pathlib import Path

from playwright.sync_api import Page

AXE = Path("web/node_modules/axe-core/axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page, where: str) -> list[str]:
    """Return every rule that a page breaks, with the elements that do so."""
    page.evaluate(AXE.read_text())
    found: list[dict[str, object]] = page.evaluate(
        """async rules => (await axe.run(document, {runOnly: rules})).violations
            .map(v => ({id: v.id, html: v.nodes.map(n => n.html.slice(0, 160))}))""",
        RULES,
    )
    return [f"{where} {one['id']}: {one['html']}" for one in found]
