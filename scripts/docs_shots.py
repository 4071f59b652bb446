"""Takes the pictures of the docs: a system of its own with the demo, a real Chromium, each page.

make docs-shots            # all of them, into docs/*/images
python -m scripts.docs_shots --only console-till
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_S = 900
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
TABLET = {"viewport": {"width": 820, "height": 1100}}
DESK = {"viewport": {"width": 1280, "height": 860}}
LANGUAGES = {"en": "en-GB", "fr": "fr-FR"}


@dataclass(frozen=True)
class Shot:
    """A picture: who looks, where, and how. `{program}` stands for the demo's program."""

    name: str
    folder: str
    who: str
    path: str
    look: dict[str, Any]
    language: str = "en"
    dark: bool = False


P = "/p/{program}"
SHOTS = (
    Shot("card", "member", "ana", "/card", PHONE),
    Shot("card-fr", "member", "ana", "/card", PHONE, "fr", dark=True),
    Shot("sign-in", "member", "", "/card/sign-in", PHONE),
    Shot("control", "member", "ana", "/card/control", PHONE),
    Shot("overview", "merchant", "owner", f"/console{P}", DESK),
    Shot("till", "merchant", "till", f"/console{P}/till", TABLET, "fr"),
    Shot("members", "merchant", "owner", f"/console{P}/members", DESK),
    Shot("rules", "merchant", "owner", f"/console{P}/rules", DESK),
    Shot("rewards", "merchant", "owner", f"/console{P}/rewards", DESK),
    Shot("webhooks", "merchant", "owner", "/console/webhooks", DESK),
    Shot("poster", "merchant", "owner", f"/console{P}/print", DESK, "fr"),
    Shot("balance", "auditor", "auditor", f"/audit{P}", DESK),
    Shot("batches", "auditor", "auditor", f"/audit{P}/batches", DESK),
    Shot("liability", "auditor", "auditor", f"/audit{P}/liability", DESK, "fr", dark=True),
    Shot("changes", "auditor", "auditor", f"/audit{P}/changes", DESK),
)


def main(only: str = "", running: Path | None = None) -> None:
    """`--running` names the data folder of a demo that runs already."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise SystemExit("no Chromium on PATH: on Debian, apt-get install chromium")
    wanted = [shot for shot in SHOTS if only in shot.name]
    with _system(running) as ready, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        signed_in: dict[str, list[Any]] = {"": []}
        for shot in wanted:
            if shot.who not in signed_in:
                signed_in[shot.who] = _sign_in(browser, ready, shot.who)
            _take(browser, ready, shot, signed_in[shot.who])
            print(f"docs/{shot.folder}/images/{shot.name}.png")
        browser.close()


@contextmanager
def _system(running: Path | None) -> Iterator[dict[str, str]]:
    if running is not None:
        yield json.loads((running / "ready.json").read_text())
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        ports = {"MEREAU_DATA": str(data), "MEREAU_PORT": "0", "MEREAU_CHAIN_PORT": "0"}
        bare = {k: v for k, v in os.environ.items() if not k.startswith("MEREAU_")}
        log = Path(folder) / "up.log"
        with log.open("wb") as output:
            up = subprocess.Popen(
                [sys.executable, "-m", "backend.cli", "up"],
                cwd=ROOT,
                env={**bare, **ports},
                stdout=output,
                stderr=output,
            )
        try:
            deadline = time.monotonic() + START_S
            while "serving" not in log.read_text():
                if up.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"the system did not start:\n{log.read_text()}")
                time.sleep(1)
            yield json.loads((data / "ready.json").read_text())
        finally:
            up.terminate()
            up.wait(60)


def _site(ready: dict[str, str]) -> str:
    return ready["api_url"].replace("//127.0.0.1:", "//localhost:")


def _sign_in(browser: Browser, ready: dict[str, str], who: str) -> list[Any]:
    """The cookies of one of the demo's people."""
    site = _site(ready)
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    if who == "ana":
        page.goto(f"{site}/card/sign-in")
        page.locator("main input:not([type=hidden])").first.fill("ana@demo.example")
        page.locator("main form button").first.click()
        page.wait_for_url("**/card/code*")
        page.locator("main input:not([type=hidden])").first.fill(_code(context.new_page(), site))
        page.locator("main form button").first.click()
        page.wait_for_url("**/card")
    else:
        page.goto(f"{site}/sign-in")
        page.fill("#f-email", f"{who}@demo.example")
        page.fill("#f-password", ready["password"])
        page.locator("main form button").click()
        page.wait_for_url(re.compile("/(console|audit)"))
    cookies: list[Any] = context.cookies()
    context.close()
    return cookies


def _code(inbox: Page, site: str) -> str:
    """The newest code in the development inbox, once it has arrived."""
    for _ in range(60):
        inbox.goto(f"{site}/dev/inbox")
        if found := re.search(r"\b(\d{6})\b", inbox.locator("main").inner_text()):
            return found[1]
        time.sleep(0.5)
    raise SystemExit("no code arrived in the inbox")


def _take(browser: Browser, ready: dict[str, str], shot: Shot, cookies: list[Any]) -> None:
    look = {**shot.look, "color_scheme": "dark" if shot.dark else "light"}
    context = browser.new_context(locale=LANGUAGES[shot.language], **look)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(_site(ready) + shot.path.replace("{program}", ready["program_id"]))
    page.wait_for_load_state("networkidle")
    folder = ROOT / "docs" / shot.folder / "images"
    folder.mkdir(exist_ok=True)
    page.screenshot(path=folder / f"{shot.name}.png")
    context.close()


if __name__ == "__main__":
    typer.run(main)
