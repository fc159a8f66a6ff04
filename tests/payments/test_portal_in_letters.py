"""E-mails with invoices and reminders lead to where the portal is asked for, and hold no token."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from organisations.notifications.branding import Brand
from organisations.notifications.kinds import kind_named
from organisations.notifications.rendering import Language
from organisations.notifications.samples import sample_letter

WORDS = {
    Language.ENGLISH: "See all your invoices, payments and usage",
    Language.HINDI: "अपनी सभी इनवॉइस, भुगतान और उपयोग देखें",
}
BRAND = Brand("Metrics", "#1f4e79")


def door() -> str:
    return settings.SITE_URL + reverse("payments:portal_ask")


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("name", ["invoice_issued", "reminder"])
def test_the_letter_names_the_door(name: str, language: str) -> None:
    letter = sample_letter(kind_named(name), brand=BRAND, language=Language(language))
    words = WORDS[Language(language)]
    assert f"{words}: {door()}\n" in letter.text
    assert f'<a href="{door()}">{words}</a>' in letter.html
    assert "/portal/open/" not in letter.text + letter.html
