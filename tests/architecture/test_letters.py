"""Every kind of e-mail, written with its sample in both languages: nothing is missing, no English is left in Hindi."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from django.template import engines

from billing_platform.lib.catalogues import messages_in_use, path_of, read_catalogue, strings_of, untranslated
from organisations.models import Organisation
from organisations.notifications.branding import Brand
from organisations.notifications.kinds import KINDS, Audience, Kind
from organisations.notifications.rendering import Language, language_of
from organisations.notifications.samples import EXPLAINED, sample_letter, sent_when

BRAND = Brand("BRAND", "#ffd500", footer=("GSTIN 29AAACA1234A1ZG",))
TO_CUSTOMERS = [kind for kind in KINDS if kind.audience is Audience.CUSTOMER]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
ENGLISH_WORD = re.compile(r"[A-Za-z][A-Za-z’']+")
NAMES = set(
    re.findall(
        r"\w+",
        "PDF TDS UPI PAN GSTIN IFSC URL IST INV CN PO RFD MSMED UDYAM KR BRAND HDFC Bank XX pay token Sample "
        "Customer Private Limited Cloud bank SBIN API calls of the month call Acme Ganga Foods Maharashtra ABCDEFG",
    )
)
"""What the sample says, and abbreviations that Hindi readers know by these letters."""
QUOTED = ("line", "question", "answer", "reason")
"""What a letter quotes as the invoice says it or a person wrote it, by its name in the sample."""


@pytest.fixture(autouse=True)
def _a_name_that_is_missing_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "MISSING(%s)")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_a_sample_that_fills_its_letter(kind: Kind) -> None:
    letter = sample_letter(kind, brand=BRAND, language=Language.ENGLISH)
    assert letter.subject
    assert sent_when(kind).endswith(".")
    for part in (letter.subject, letter.text, letter.html):
        assert "MISSING(" not in part
    assert "<" not in letter.text
    assert letter.text.count("\n\n\n") == 0


def quoted(kind: Kind) -> list[str]:
    sample = next(each.samples(BRAND)[kind.name] for each in EXPLAINED if kind.name in each.when)
    found = [sample[name] for name in QUOTED if name in sample]
    return [words for each in found for words in (each if isinstance(each, list) else [each])]


@pytest.mark.parametrize("kind", TO_CUSTOMERS, ids=lambda kind: kind.name)
def test_no_english_is_left_in_a_hindi_letter(kind: Kind) -> None:
    letter = sample_letter(kind, brand=BRAND, language=Language.HINDI)
    shown = letter.html.partition("<body>")[2].replace("Sample: nobody has to pay or do anything.", "")
    body = re.sub(r"<[^>]+>", " ", shown)
    for text in (letter.subject, letter.text, body):
        for words in quoted(kind):
            text = text.replace(words, "")
        plain = re.sub(r"\S*[@/_\d]\S*", "", text)  # addresses and numbers
        assert set(ENGLISH_WORD.findall(plain)) - NAMES == set()
    assert 'lang="hi"' in letter.html


def test_customers_alone_read_another_language() -> None:
    hindi = Organisation(language=Language.HINDI)
    by_audience = {kind.audience: language_of(kind, hindi) for kind in KINDS}
    assert by_audience == {Audience.CUSTOMER: "hi", Audience.SELLER: "en", Audience.OPERATOR: "en"}


def test_the_catalogue_has_what_is_said_and_nothing_else() -> None:
    catalogue = read_catalogue("hi")
    assert {message.id for message in catalogue if message.id} == set(messages_in_use()), "run make translations"
    assert untranslated(catalogue) == []


def test_a_translation_names_what_the_english_names() -> None:
    for message in read_catalogue("hi"):
        english = message.id if isinstance(message.id, tuple) else (message.id,)
        if message.id:
            named = set(PLACEHOLDER.findall(english[-1]))
            assert {*PLACEHOLDER.findall(strings_of(message)[-1])} == named, message.id


def test_what_django_reads_is_what_translators_wrote() -> None:
    with path_of("hi").with_suffix(".mo").open("rb") as file:
        assert _translations(read_mo(file)) == _translations(read_catalogue("hi"))


def _translations(catalogue: Catalog) -> set[tuple[str, ...]]:
    return {(*_texts(message.id), *_texts(message.string)) for message in catalogue if message.id}


def _texts(of: str | Iterable[str]) -> tuple[str, ...]:
    return (of,) if isinstance(of, str) else tuple(of)
