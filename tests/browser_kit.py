"""A real Chromium: one visitor's page, what the console complained about, what axe found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.anvil import ROOT
from tests.explorer_kit import find_browser, screenshots

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
AUDIT = "axe.run({resultTypes: ['violations']}).then(({violations}) => violations)"
ENGLISH = {"locale": "en-GB", "color_scheme": "light", "viewport": {"width": 1280, "height": 900}}
FRENCH = {"locale": "fr-FR", "color_scheme": "dark", "viewport": {"width": 360, "height": 780}}
TIMEOUT_MS = 20_000
_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright's loop runs in this thread as long as it does: other files need the thread."""
    program = find_browser()
    with sync_playwright() as playwright:
        # No sandbox: where tests run as root, as in containers, Chromium has none.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, look: dict[str, Any], complaints: list[str]) -> Iterator[Page]:
    """A page of a fresh visitor; what the console complains about is collected, breaches of the
    pages' policy among it."""
    context = browser.new_context(**look)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()

    def hear(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            complaints.append(said.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()


def findings(page: Page) -> list[str]:
    """What axe says is serious or critical."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(AUDIT)
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def inspect(page: Page, name: str) -> None:
    """Asserts that the page that is open fits its window and is accessible; keeps a picture of it
    where MEREAU_SCREENSHOTS asks for one."""
    # A page that goes on by itself may be between two documents.
    page.locator("main").wait_for()
    size = page.viewport_size or {"width": 0}
    if folder := screenshots():
        folder.mkdir(parents=True, exist_ok=True)
        language = page.locator("html").get_attribute("lang")
        page.screenshot(path=folder / f"{name}-{language}-{size['width']}.png", full_page=True)
    assert not page.evaluate(_WIDE), f"{name} scrolls sideways"
    found = findings(page)
    assert found == [], f"{name}: {found}"
