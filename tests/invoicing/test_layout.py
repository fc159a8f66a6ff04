"""An invoice that can't be drawn is not issued; texts of every allowed length can be drawn."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image
from pypdf import PdfReader

from billing_platform.lib.errors import DomainError
from invoicing.documents import DocumentLine, DocumentParty, ExchangeNote, InvoiceDocument, ordinary, render_pdf
from invoicing.documents.fonts import register_fonts
from invoicing.documents.pdf import lay_out
from invoicing.documents.style import BODY
from invoicing.documents.text import one_line, wrapped
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document
from invoicing.services import delivery, issuing, stored_pdfs
from invoicing.steps import Step
from organisations.models import BillingEntity, Organisation
from tests.invoicing.language import one_off, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]


@pytest.fixture
def document(acme: Organisation) -> InvoiceDocument:
    return invoice_document(issuing.finalize_invoice(invoice_id=one_off(acme).pk))


def pages(content: bytes) -> int:
    return len(PdfReader(BytesIO(content)).pages)


def party_of(text: str) -> DocumentParty:
    return DocumentParty(
        text, (text, text, text), gstin="29AAACA1234A1ZG", tax_id=text[:50], email=f"{text[:60]}@x.example"
    )


@pytest.mark.parametrize(
    "text",
    ["W" * 200, "क्ष" * 66, "word " * 40, "a\n" * 99 + "b"],
    ids=["no-spaces", "joined-letters", "words", "a-hundred-lines"],
)
def test_names_and_addresses_of_any_length_are_drawn(document: InvoiceDocument, text: str) -> None:
    extreme = replace(
        document, seller=party_of(text), customer=party_of(text), pay_url="https://x.example/pay/" + "x" * 40
    )
    lay_out(extreme)
    assert pages(render_pdf(extreme)) >= 1


def test_long_texts_flow_over_pages(document: InvoiceDocument) -> None:
    line = replace(document.lines[0], description="x" * 5000, unit="u" * 50)
    endless = replace(document, lines=(line,), notes="note " * 3000, endorsement="WORD " * 1000)
    lay_out(endless)
    assert pages(render_pdf(endless)) > 3


def test_a_thousand_lines_with_their_workings_are_drawn(document: InvoiceDocument) -> None:
    steps = tuple(Step(f"Tier {n}", Decimal(10), Decimal("0.5"), Decimal(0), Decimal(5)) for n in range(3))
    lines = tuple(
        DocumentLine(
            n, f"Metric {n}", "998315", Decimal(30), "calls", None, Decimal(18), Decimal(15), Decimal("2.7"), steps
        )
        for n in range(1, 1001)
    )
    content = render_pdf(replace(document, lines=lines))
    assert "Metric 1000" in "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages[-3:])


# --- which documents need not be laid out ---------------------------------------------------------------------------

WIDEST = "W" * ordinary.MOST_LETTERS
LARGEST = Decimal("-9999999999999.99")


def widest(value: Any) -> Any:
    """The same value with every text and every number as large as an ordinary document may have it."""
    if isinstance(value, str):
        return WIDEST
    if isinstance(value, Decimal):
        return LARGEST
    if is_dataclass(value):
        return type(value)(**{each.name: widest(getattr(value, each.name)) for each in fields(value)})
    return tuple(map(widest, value)) if isinstance(value, tuple) else value


@pytest.fixture
def tallest(document: InvoiceDocument) -> InvoiceDocument:
    """As tall in every part as an ordinary document can be."""
    rows = ordinary.MOST_ROWS
    steps = (Step("x", Decimal(1), Decimal(1), Decimal(1), Decimal(1)),) * ordinary.MOST_STEPS
    party = replace(document.seller, address_lines=("x",) * rows, state="x", tax_id="x", phone="x")
    exchange = ExchangeNote("USD", "INR", Decimal(1), document.issue_date, "x", Decimal(1), Decimal(1), Decimal(1))
    full = replace(
        document,
        seller=party,
        customer=party,
        lines=(replace(document.lines[0], unit_price=None, steps=steps),) * 3,
        taxes=(document.taxes[0],) * rows,
        exchange=exchange,
        bank=replace(document.bank, is_foreign=True),
    )
    found: InvoiceDocument = widest(full)
    money = replace(found.exchange, base="USD", target="INR") if found.exchange else None
    return replace(found, currency="INR", brand_colour="#1f4e79", exchange=money, total=-LARGEST)


def test_the_tallest_ordinary_document_is_laid_out_and_drawn(tallest: InvoiceDocument) -> None:
    assert ordinary.is_ordinary(tallest)
    for document in (tallest, replace(tallest, bank=replace(tallest.bank, is_foreign=False))):
        lay_out(document)
        assert pages(render_pdf(document)) > 1


@pytest.mark.parametrize("text", [f"{WIDEST}W", "two\nlines", "क्ष", "\u200d", 'a "quoted" name', "back\\slash"])
def test_a_document_with_any_other_text_is_laid_out_itself(tallest: InvoiceDocument, text: str) -> None:
    assert not ordinary.is_ordinary(replace(tallest, notes=text))
    assert not ordinary.is_ordinary(replace(tallest, lines=(replace(tallest.lines[0], description=text),)))


def test_a_document_with_more_rows_is_laid_out_itself(tallest: InvoiceDocument) -> None:
    line = tallest.lines[0]
    assert not ordinary.is_ordinary(replace(tallest, lines=(replace(line, steps=(*line.steps, line.steps[0])),)))
    assert not ordinary.is_ordinary(replace(tallest, taxes=(*tallest.taxes, tallest.taxes[0])))
    assert not ordinary.is_ordinary(replace(tallest, brand_colour="blue"))


def test_a_document_that_cannot_be_drawn_is_not_issued_and_takes_no_number(
    acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine has lost its fonts: the draft stays as it was, and the next invoice gets the first number."""
    draft = one_off(acme)
    with monkeypatch.context() as broken:
        broken.setattr("invoicing.documents.pdf.register_fonts", _no_fonts)
        with pytest.raises(DomainError, match="can't be drawn as a PDF \\(no fonts\\)") as caught:
            issuing.finalize_invoice(invoice_id=draft.pk)
    assert caught.value.code == "DOCUMENT_NOT_DRAWABLE"
    assert Invoice.objects.get(pk=draft.pk).status == "draft"
    assert issuing.finalize_invoice(invoice_id=draft.pk).sequence_number == 1


def _no_fonts() -> None:
    raise OSError("no fonts")


# --- logos -----------------------------------------------------------------------------------------------------------


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 200)) -> bytes:
    output = BytesIO()
    Image.new("RGB", size, "red").save(output, kind)
    return output.getvalue()


def with_logo(acme: Organisation, content: bytes, name: str) -> Invoice:
    """As a logo lay in the store before logos were checked."""
    default_storage.save(name, BytesIO(content))
    BillingEntity.objects.filter(pk=acme.billing_entity_id).update(logo=name)
    acme.billing_entity.refresh_from_db()
    return issuing.finalize_invoice(invoice_id=one_off(acme).pk)


def test_a_logo_is_drawn(acme: Organisation) -> None:
    content = stored_pdfs.read_pdf(with_logo(acme, picture(), "logos/a.png"))[1]
    assert len(pictures(PdfReader(BytesIO(content)).pages[0])) == 1


@pytest.mark.parametrize(
    "content",
    [
        picture("EPS"),
        picture("GIF"),
        picture()[:200],
        b"<svg/>",
        picture(size=(5000, 4000)),
    ],
    ids=["eps", "gif", "half-a-png", "svg", "too-many-pixels"],
)
def test_an_unusable_logo_leaves_the_sellers_name_in_its_place(acme: Organisation, content: bytes) -> None:
    drawn = stored_pdfs.read_pdf(with_logo(acme, content, "logos/a.eps"))[1]
    page = PdfReader(BytesIO(drawn)).pages[0]
    assert pictures(page) == []
    assert page.extract_text().count("Metrics Cloud Private Limited") >= 3  # head, FROM, foot


def test_a_logo_that_is_gone_does_not_keep_the_invoice_back(acme: Organisation) -> None:
    invoice = with_logo(acme, picture(), "logos/a.png")
    default_storage.delete("logos/a.png")
    assert delivery.make_pdf(invoice_id=invoice.pk)


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("one two three", 40, ["one two", "three"]),
        ("gigabyte-hours-per-month", 70, ["gigabyte-hours-", "per-month"]),
        ("Donaudampfschiff", 40, ["Donauda", "mpfschiff"]),
        ("a\n\nb", 40, ["a", "", "b"]),
        ("two  spaces", 100, ["two  spaces"]),
    ],
)
def test_lines_end_at_spaces_after_hyphens_or_where_they_must(text: str, room: float, lines: list[str]) -> None:
    register_fonts()
    found = wrapped(text, BODY, room)
    assert ["".join(piece.text for piece in line.pieces) for line in found] == lines
    assert all(line.width <= room for line in found)


def test_a_text_for_one_line_ends_with_an_ellipsis() -> None:
    register_fonts()
    line = one_line("Metrics Cloud Private Limited", BODY, 60)
    assert line.pieces[0].text.endswith("…")
    assert line.width <= 60
