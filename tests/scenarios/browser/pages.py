"""The admin's pages by the words that stand on them: what an operator reads is what these look for."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect


class Admin:
    """One person's window on the admin."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, path: str) -> Admin:
        """A page of the admin by its path (`events/usageevent`), or any other by its address."""
        within, _, query = path.partition("?")
        self.page.goto(path if path.startswith(("/", "http")) else f"/admin/{within.rstrip('/')}/?{query}")
        return self

    def fill(self, **values: Any) -> Admin:
        """Fill in a form by the names of its fields; a tuple is searched for and chosen, as in a list that asks."""
        for name, value in values.items():
            if isinstance(value, tuple):
                self._choose(name, *value)
                continue
            field = self.page.locator(f"main [name='{name}']").first
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=value)
            elif isinstance(value, bool):
                field.set_checked(value)
            else:
                field.fill(str(value))
        return self

    def _choose(self, name: str, word: str) -> None:
        self.page.locator(f"#id_{name} + .select2").click()
        self.page.locator(".select2-search__field").last.fill(word)
        self.page.locator(".select2-results__option", has_text=word).first.click()

    def save(self, *, said: str) -> Admin:
        self.page.locator("button[name=_save]").first.click()
        return self.sees(said)

    def ask(self, label: str) -> Admin:
        """Press a button above the object: a page says what will happen."""
        button = self.page.locator(".action-bar a", has_text=label).first
        button.wait_for(state="attached")
        if not button.is_visible():
            self.page.locator(".action-bar .more-actions summary").click()
        button.click()
        return self

    def confirm(self, *, said: str, **values: Any) -> Admin:
        self.fill(**values)
        self.page.locator("main form:has([name=csrfmiddlewaretoken]) button[type=submit]").last.click()
        return self.sees(said)

    def sees(self, *words: str) -> Admin:
        """All of it stands on the page; if not, the test ends with what a form was refused for."""
        for each in words:
            expect(self.page.locator("body"), self.refusals()).to_contain_text(each)
        return self

    def refusals(self) -> str:
        return " | ".join(self.page.locator(".errorlist, .errornote").all_inner_texts())

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def follow(self, words: str) -> Admin:
        self.page.locator("main").get_by_role("link", name=words).first.click()
        return self

    def reload_until(self, words: str, *, times: int = 60) -> str:
        """Look again, once a second, until the page says it: a worker is at it."""
        for _time in range(times):
            if words in self.text():
                return self.text()
            self.page.wait_for_timeout(1_000)
            self.page.reload()
        raise AssertionError(f"{self.page.url} never said {words!r}:\n{self.text()[:3000]}")
