"""Documents draw each letter as written, or the form refuses the letter and names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test.client import Client
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from billing_platform.lib import printable_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.validators import validate_printed_line, validate_printed_paragraphs
from events.models import Metric
from invoicing.documents import InvoiceDocument, render_pdf
from invoicing.documents.fonts import LATIN, SCRIPT_FONTS, source_of
from invoicing.selectors.documents import invoice_document
from invoicing.services import drafting, issuing
from organisations.models import BillingEntity, Organisation, Project
from tests.invoicing.language import draft, issued, metric, one_off, per_unit, used

ROOT = Path(__file__).resolve().parent.parent.parent
HINDI = "श्री गणेश इन्फोटेक"
KANNADA = "ಕಾವೇರಿ"


def document_of(acme: Organisation, **changes: Any) -> InvoiceDocument:
    document = invoice_document(issuing.finalize_invoice(invoice_id=one_off(acme).pk))
    return replace(document, customer=replace(document.customer, **changes))


def fonts_of(content: bytes) -> set[str]:
    page = PdfReader(BytesIO(content)).pages[0]
    return {font.get_object()["/BaseFont"].partition("+")[2] for font in page["/Resources"]["/Font"].values()}


def test_the_table_of_letters_is_what_the_fonts_have() -> None:
    def characters(script: str | None = None) -> set[int]:
        family = SCRIPT_FONTS[script] if script else LATIN
        both = [set(TTFont(source_of(family, bold=bold)).getBestCmap()) for bold in (False, True)]
        return both[0] & both[1]

    owned = {code for first, last in printable_text.SCRIPTS.values() for code in range(first, last + 1)}
    expected = {code for code in characters() if code not in owned and code >= 32}
    for script, (first, last) in printable_text.SCRIPTS.items():
        expected |= {code for code in characters(script) if first <= code <= last}
    assert {code for code in range(0x110000) if printable_text.is_in_table(chr(code))} == expected


@pytest.mark.parametrize(
    "text", [HINDI, "மெட்ரிக்ஸ்", "అనుష్క", "মেট্রিক্স", "Ångström Łódź", "Ελλάς", "Москва", "₹ 5 – “ok”", ""]
)
def test_letters_that_we_have_are_taken(text: str) -> None:
    validate_printed_line(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (KANNADA, "“ಕ” (KANNADA LETTER KA)"),
        ("株式会社", "“株” (CJK UNIFIED IDEOGRAPH-682A)"),
        ("Acme 🙂", "“🙂” (SLIGHTLY SMILING FACE)"),
        ("שלום", "“ש” (HEBREW LETTER SHIN)"),
    ],
)
def test_a_letter_that_no_font_has_is_named(text: str, named: str) -> None:
    with pytest.raises(ValidationError, match="can't be printed on invoices yet: write it in Latin letters") as caught:
        validate_printed_line(text)
    assert caught.value.messages[0].startswith(named)


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\x07", "\ue000"])
def test_what_is_invisible_is_refused_too(character: str) -> None:
    for validator in (validate_printed_line, validate_printed_paragraphs):
        with pytest.raises(ValidationError, match=f"U\\+{ord(character):04X}"):
            validator(f"Acme{character} Ltd")


@pytest.mark.django_db
class TestDoors:
    """Each place where something is typed that stands on an invoice."""

    @pytest.mark.parametrize("field", ["legal_name", "address_line1", "address_line2", "city", "tax_id"])
    def test_customers_through_the_api(self, api: Client, acme: Organisation, field: str) -> None:
        answer = api.patch(f"/api/v1/admin/organisations/{acme.pk}", {field: KANNADA}, content_type="application/json")
        assert answer.status_code == 400
        error = answer.json()
        assert "KANNADA LETTER KA" in str(error)
        assert field in error["details"]

    def test_sellers(self, acme: Organisation) -> None:
        fields = ("legal_name", "address_line1", "phone", "bank_name", "bank_address", "correspondent_bank")
        entity = BillingEntity(**dict.fromkeys(fields, KANNADA))
        with pytest.raises(ValidationError) as caught:
            entity.full_clean()
        for field in fields:
            assert "KANNADA LETTER KA" in caught.value.message_dict[field][0]

    def test_one_off_lines(self, acme: Organisation) -> None:
        line = {"description": KANNADA, "quantity": "1", "unit_price": "1"}
        with pytest.raises(DomainError, match="KANNADA LETTER KA"):
            drafting.create_one_off_draft(organisation=acme, lines=[line])

    def test_projects_and_the_names_of_metrics(self, acme: Organisation) -> None:
        with pytest.raises(ValidationError, match="KANNADA LETTER KA"):
            Project(organisation=acme, name=KANNADA).full_clean()
        words = {"display_name": KANNADA, "unit_name": KANNADA, "unit_name_plural": KANNADA}
        with pytest.raises(ValidationError) as caught:
            Metric(name="rows", unit="row", **words).full_clean()
        assert set(caught.value.message_dict) == set(words)

    def test_a_metric_with_another_name_for_programs_needs_one_for_invoices(self) -> None:
        with pytest.raises(ValidationError, match="give a name for invoices here"):
            Metric(name="使用量", unit="call").full_clean()
        Metric(name="使用量", unit="次", display_name="Usage", unit_name="call").full_clean()


@pytest.mark.django_db
def test_a_metric_that_usage_named_blocks_the_invoice_until_it_has_a_name_for_people(
    acme: Organisation, project: Project
) -> None:
    used(project, 5, metric="使用量")
    per_unit("2", metric_name="使用量")
    warning = draft(acme).warnings[0]
    assert warning["code"] == "UNPRINTABLE_LETTERS"
    assert warning["message"] == (
        "“使” (CJK UNIFIED IDEOGRAPH-4F7F) in the metric 使用量 (call) can't be printed on invoices: "
        "give the metric and its unit names for invoices in Latin letters."
    )
    with pytest.raises(DomainError) as caught:
        issuing.finalize_invoice(invoice_id=acme.invoices.get().pk)
    assert caught.value.code == "UNPRINTABLE_LETTERS"


@pytest.mark.django_db
def test_a_value_that_usage_brought_along_is_spelled_out(acme: Organisation, project: Project) -> None:
    """Nobody can rename the values of metadata, so they must not keep the invoice back."""
    metric(dimensions=("region",))
    per_unit("2", dimensions={"region": "东"})
    used(project, 5, region="东")
    assert issued(acme).lines.get().description == "api_calls (call) · region (U+4E1C) · October 2026"


@pytest.mark.django_db
def test_a_name_from_before_the_check_blocks_as_well(acme: Organisation) -> None:
    Organisation.objects.filter(pk=acme.pk).update(legal_name=KANNADA)
    acme.refresh_from_db()
    with pytest.raises(DomainError, match="in the customer's legal name can't be printed"):
        issued_one_off(acme)


def issued_one_off(acme: Organisation) -> Any:
    return issuing.finalize_invoice(invoice_id=one_off(acme).pk)


@pytest.mark.django_db
def test_each_script_is_drawn_by_its_own_font_and_latin_text_can_be_copied(acme: Organisation) -> None:
    document = document_of(acme, name=f"{HINDI} Private Limited", address_lines=("கைபேசி", "అనుష్క", "শ্রী", "4th Cross"))
    content = render_pdf(document)
    assert fonts_of(content) >= {
        "NotoSans-Bold",
        "NotoSansDevanagari-Bold",
        "NotoSansTamil-Regular",
        "NotoSansTelugu-Regular",
        "HindSiliguri-Regular",
    }
    text = PdfReader(BytesIO(content)).pages[0].extract_text()
    for latin in ("Private Limited", "4th Cross", document.number, "₹118.00"):
        assert latin in text, latin


def test_letters_are_joined_as_the_script_asks_also_within_a_word_of_two_scripts() -> None:
    """क्ष is one form of two letters and a virama: three characters, of which the shaped text has one glyph."""
    from invoicing.documents.fonts import register_fonts
    from invoicing.documents.style import BODY
    from invoicing.documents.text import wrapped

    register_fonts()
    (line,) = wrapped("IT-क्ष", BODY, 500)
    assert [(piece.font, len(piece.text), piece.letters) for piece in line.pieces] == [
        ("NotoSans", 3, ""),
        ("NotoSansDevanagari", 1, "क्ष"),
    ]


@pytest.mark.django_db
def test_an_old_document_with_a_letter_that_no_font_has_shows_that_something_is_missing(acme: Organisation) -> None:
    content = render_pdf(document_of(acme, name="A株B \u202eCD"))
    assert "A\ufffdB CD" in PdfReader(BytesIO(content)).pages[0].extract_text()


@pytest.mark.django_db
def test_what_was_drawn_before_does_not_change_the_bytes(acme: Organisation) -> None:
    """Joined forms have no character of their own: their codes must not be given in the order of need."""
    document = document_of(acme, name="श्री क्षेत्र")
    before = replace(document, customer=replace(document.customer, name="ज्ञान त्र द्ध प्र"))
    code = (
        "import sys, json, django; django.setup()\n"
        "from invoicing.documents import InvoiceDocument, render_pdf\n"
        "contents = [render_pdf(InvoiceDocument.from_json(each)) for each in json.load(sys.stdin)]\n"
        "sys.stdout.buffer.write(contents[-1])"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([before.to_json(), document.to_json()]).encode(),
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert other.stdout == render_pdf(document)
