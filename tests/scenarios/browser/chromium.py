"""Chromium as a person uses it: signed in, and with an ear for what a person would not see go wrong.

Needs Chromium or Chrome on the machine (Debian: `apt-get install chromium`), or its path in CHROMIUM.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
WIDE = {"width": 1280, "height": 900}


def executable() -> str | None:
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Heard:
    """What went wrong on the pages of one person: words in the console, requests that failed, answers from 400 on."""

    problems: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note(page.url, f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._note(message.location.get("url", ""), f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a download, or a page left before it was whole
            self._note(request.url, f"{request.method} failed: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._note(response.url, f"{response.request.method} answered {response.status}")

    def _note(self, url: str, problem: str) -> None:
        self.problems.append(f"{urlsplit(url).path}: {problem}")


@contextmanager
def person(browser: Browser, base_url: str, login: dict[str, str], heard: Heard) -> Iterator[Page]:
    """A window of their own, signed in to the admin. At the end nothing may have gone wrong in it."""
    context = browser.new_context(base_url=base_url, viewport=WIDE, color_scheme="light")
    context.set_default_timeout(20_000)
    context.on("page", heard.listen)
    page = context.new_page()
    page.goto("/admin/")
    page.fill("#id_username", login["username"])
    page.fill("#id_password", login["password"])
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")
    yield page
    context.close()
