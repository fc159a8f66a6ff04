"""Every page that a role reaches by links: none fails, none has a dead link, and each kind can be used by everybody."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.scenarios.browser.chromium import Heard, person
from tests.scenarios.browser.crawling import kind, pages
from tests.scenarios.running import Platform

RULES = {"light": ["wcag2a", "wcag2aa", "wcag21aa"], "dark": ["color-contrast"]}
"""By scheme: in the dark only colours are others."""
OTHERS = ("operator", "viewer")
FEWEST = {"admin": 220, "operator": 170, "viewer": 80}  # or the walk has lost its way


@pytest.mark.parametrize("role", ["admin", *(pytest.param(role, marks=pytest.mark.slow) for role in OTHERS)])
def test_no_page_that_a_role_reaches_fails(platform: Platform, browser: Browser, role: str) -> None:
    """Also no link leads to a page that the role may not see. The admin's pages are looked at by axe-core."""
    heard, facts, axe = Heard(), platform.facts, Axe()
    looked_at: set[str] = set()
    violations: list[str] = []
    with person(browser, facts["base_url"], facts["logins"][role], heard) as page:
        count = 0
        for path in pages(page):
            count += 1
            if role == "admin" and (its_kind := kind(page)) not in looked_at:
                looked_at.add(its_kind)
                violations += [f"{path}: {each}" for each in serious(axe, page)]
    assert heard.problems == []
    assert violations == []
    assert count >= FEWEST[role]


def test_a_customers_pages_fail_for_nobody(platform: Platform, browser: Browser) -> None:
    """The portal as an operator looks at it, an invoice's pay page, and where a link to the portal is asked for."""
    heard, facts, axe = Heard(), platform.facts, Axe()
    violations: dict[str, list[str]] = {}
    with person(browser, facts["base_url"], facts["logins"]["operator"], heard) as page:
        page.goto("/admin/organisations/organisation/?q=Konkan")
        page.click("#result_list tbody th a")
        page.click("text=View as customer")
        for path in pages(page, start=urlsplit(page.url).path):
            violations[path] = serious(axe, page)
        page.goto("/admin/invoicing/invoice/?attention=overdue")
        page.click("#result_list tbody th a")
        for address in (page.get_attribute("a[href*='/pay/']", "href"), "/portal"):
            page.goto(str(address))
            violations[str(address)] = serious(axe, page)
    assert heard.problems == []
    assert {path: found for path, found in violations.items() if found} == {}
    assert len(violations) >= 10


def serious(axe: Axe, page: Page) -> list[str]:
    """What keeps somebody from using the page as it stands, in light and in dark."""
    found = []
    for scheme, rules in RULES.items():
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if scheme == "dark":
            page.reload()  # the admin takes its colours when a page opens
            assert page.locator("html.dark").count() or "/admin/" not in page.url, "the page stayed light"
        violations = axe.run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response["violations"]
        found += [f"{scheme}: {_told(each)}" for each in violations if each["impact"] in {"serious", "critical"}]
    page.emulate_media(color_scheme="light")
    return found


def _told(violation: dict[str, Any]) -> str:
    return f"{violation['id']} at {violation['nodes'][0]['html'][:150]}"
