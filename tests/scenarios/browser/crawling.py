"""Walks the admin, or a customer's portal, as one person may: along all links, one page of each shape."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Error, Page

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/)")
_NOT_PAGES = re.compile(r"/(logout|jsi18n|list-export|export|file|download\w*)/")
_MOST_HISTORIES = 10  # each object has one, and all are made by the same lines
_GENERAL = {"change", "add", "delete", "history", "import"}


def shape(path: str) -> str:
    """An address with its ids left out: two invoices have the same."""
    return _ID.sub("*", path)


def kind(page: Page) -> str:
    """Pages of one kind are built by the same code: all lists are, all forms are, and all that ask before they act."""
    path = urlsplit(page.url).path
    last = shape(path).rstrip("/").rpartition("/")[2]
    if "/actions/" in path:
        return "asks" if page.locator("#action-form").count() else last
    return last if last in _GENERAL else "list" if path.count("/") == 4 else shape(path)


def pages(page: Page, *, start: str = "/admin/") -> Iterator[str]:
    """Opens page after page below the first one, and gives its path while it stands there."""
    seen, waiting, histories = {shape(start)}, deque([start]), _MOST_HISTORIES
    while waiting:
        address = waiting.popleft()
        try:
            answer = page.goto(address)
        except Error as error:
            if "Download is starting" in str(error):
                continue
            raise
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue  # a PDF, which the browser's viewer shows
        yield urlsplit(page.url).path
        for link in _links(page, start):
            found = shape(urlsplit(link).path)
            is_history = found.endswith("/history/")
            if found not in seen and (histories or not is_history):
                seen.add(found)
                waiting.append(link)
                histories -= is_history


def _links(page: Page, under: str) -> list[str]:
    """Of the page as it was opened: what the caller did to it meanwhile does not count."""
    found = page.eval_on_selector_all("a[href]:not([download])", "all => all.map(a => a.getAttribute('href'))")
    links = [urljoin(page.url, href) for href in found]
    return [
        link
        for link in links
        if urlsplit(link).path.startswith(under)
        and urlsplit(link).netloc == urlsplit(page.url).netloc
        and not _NOT_PAGES.search(link)
    ]
