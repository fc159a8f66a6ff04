"""An accountant's checklist: what CGST Rules 46, 48 and 53 ask for stands on each kind of document as text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
import zxingcpp
from PIL import Image, ImageCms
from pypdf import PdfReader

from billing_platform.lib.number_formats import format_money
from invoicing.documents import (
    AS_ISSUED,
    DocumentLine,
    DocumentTax,
    InvoiceDocument,
    Registration,
    Standing,
    render_pdf,
)
from invoicing.documents.tax_summary import summary_rows
from invoicing.look import BUILT_IN_LOOK, ENGLISH_AND_HINDI
from invoicing.models import CreditNote, Invoice
from invoicing.selectors.documents import invoice_document
from invoicing.services import drafting, issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.exchange_rates import add_exchange_rate
from organisations.models import Organisation
from tests import factories
from tests.invoicing.language import at, one_off

pytestmark = pytest.mark.django_db

SELLER = ("Metrics Cloud Private Limited", "12 Residency Road", "Bengaluru 560025", "29AAACA1234A1ZG")  # 46 (a)
LUT = "UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX"
ALWAYS = (
    *SELLER,
    "1 Nov 2026",  # (c)
    "998315", "Onboarding", "1", "100.00",  # (g) to (k)
    "Reverse charge No",  # (p)
    "no signature is required",  # (q), proviso
    "Page 1 of 1",
)  # fmt: skip
INVOICE = ("TAX INVOICE", "INV/26-27/000001", "ORIGINAL FOR RECIPIENT", "16 Nov 2026", "15 days")  # (b), rule 48 (2)


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages)


def codes_of(content: bytes) -> list[str]:
    """What the QR codes of a PDF say, read from their pictures."""
    found = []
    for page in PdfReader(BytesIO(content)).pages:
        source = page["/Contents"].get_data().decode("latin-1")
        for side, bits in re.findall(r"BI /W (\d+) [^>]*? ID ([0-9a-f]+)> EI", source):
            code = Image.frombytes("1", (int(side), int(side)), bytes.fromhex(bits)).resize((int(side) * 4,) * 2)
            framed = Image.new("L", (code.width + 32, code.height + 32), 255)
            framed.paste(code.convert("L"), (16, 16))
            found += [each.text for each in zxingcpp.read_barcodes(framed)]
    return found


def document_of(customer: Organisation, price: str = "100.00") -> InvoiceDocument:
    with at("2026-11-01 10:00"):
        if customer.currency != "INR":
            rate = {"USD": "83.4725", "JPY": "0.5549", "KWD": "272.015"}[customer.currency]
            add_exchange_rate(
                base=customer.currency, target="INR", rate=Decimal(rate), as_of=date(2026, 10, 31), source="FBIL"
            )
        return invoice_document(issuing.finalize_invoice(invoice_id=one_off(customer, price).pk))


def note_of(customer: Organisation, kind: str) -> InvoiceDocument:
    document = document_of(customer)
    with at("2026-11-20 10:00"):
        note = issue_credit_note(
            invoice_id=Invoice.objects.get(number=document.number).pk,
            lines=None,
            why=Why("deficiency", "The service was down"),
            kind=kind,
        )
    return InvoiceDocument.from_json(note.document)


CUSTOMERS: dict[str, dict[str, Any]] = {
    "within the State": {"gstin": factories.KARNATAKA_GSTIN},
    "to another State": {"gstin": factories.MAHARASHTRA_GSTIN, "state_code": "27"},
    "to a SEZ": {"gstin": factories.KARNATAKA_GSTIN, "is_sez": True},
    "abroad in dollars": {"country": "US", "state_code": "", "currency": "USD"},
    "abroad in yen": {"country": "JP", "state_code": "", "currency": "JPY"},
    "abroad in dinars": {"country": "KW", "state_code": "", "currency": "KWD"},
    "to a consumer": {},
    "to a SEZ, with tax": {"gstin": factories.KARNATAKA_GSTIN, "is_sez": True},
    "in a Union territory": {"state_code": "04"},
}
SELLERS: dict[str, dict[str, Any]] = {
    "to a SEZ, with tax": {"has_letter": False},
    "in a Union territory": {"state_code": "04", "gstin": "04AAACA1234A1ZS"},
}
OF_ONE_STATE = {"within the State", "to a consumer", "in a Union territory"}

CHECKLIST: dict[str, tuple[str, ...]] = {
    "within the State": (
        *ALWAYS, *INVOICE, "Acme Private Limited", "29AAGCB7383J1Z4",  # (d)
        "CGST 9%", "SGST 9%", "₹9.00", "Place of supply 29-Karnataka", "₹118.00",  # (l) to (n)
        "Rupees One Hundred Eighteen Only", "TAX BY SAC SAC TAXABLE VALUE CGST SGST TAX 998315 ₹100.00 9% · ₹9.00",
    ),
    "to another State": (
        *ALWAYS, *INVOICE, "27AAPFU0939F1ZV", "IGST 18%", "₹18.00", "Place of supply 27-Maharashtra",
        "998315 ₹100.00 18% · ₹18.00 ₹18.00",
    ),
    "to a SEZ": (
        *ALWAYS, *INVOICE, LUT, "LUT AD290426000001X", "IGST 0% (zero-rated, LUT)", "29AAGCB7383J1Z4",
        "TAX BY SAC SAC TAXABLE VALUE IGST TAX 998315 ₹100.00 0% · ₹0.00 ₹0.00",  # table 12 of GSTR-1 asks for it
    ),
    "abroad in dollars": (
        *ALWAYS, *INVOICE, LUT, "LUT AD290426000001X", "United States", "96-Other Countries", "$100.00",
        "1 USD = 83.4725 INR on 31 Oct 2026 (FBIL)", "Taxable value: ₹8,347.25 · Tax: ₹0.00 · Total: ₹8,347.25",
        "US Dollars One Hundred Only",
    ),
    "abroad in yen": (
        *(each for each in ALWAYS if each != "100.00"), *INVOICE, LUT, "Japan", "JPY 100",
        "1 JPY = 0.5549 INR on 31 Oct 2026 (FBIL)", "Total: ₹55.49", "Only",
    ),
    "abroad in dinars": (
        *ALWAYS, *INVOICE, LUT, "Kuwait", "KWD 100.000", "1 KWD = 272.015 INR on 31 Oct 2026 (FBIL)",
        "Total: ₹27,201.50", "Kuwaiti Dinar One Hundred Only",
    ),
    "to a consumer": (
        *ALWAYS, *INVOICE, "Acme Private Limited", "1 Main Street", "Bengaluru 560001", "State: 29-Karnataka",
        "CGST 9%", "SGST 9%", "Place of supply 29-Karnataka",  # (e), (f), (n)
    ),
    "to a SEZ, with tax": (
        *ALWAYS, *INVOICE, "AUTHORISED OPERATIONS ON PAYMENT OF INTEGRATED TAX", "29AAGCB7383J1Z4", "IGST 18%",
        "998315 ₹100.00 18% · ₹18.00 ₹18.00",
    ),
    "in a Union territory": (
        *(each for each in ALWAYS if each != "29AAACA1234A1ZG"), *INVOICE, "04AAACA1234A1ZS", "CGST 9%", "UTGST 9%",
        "Place of supply 04-Chandigarh", "SAC TAXABLE VALUE CGST UTGST TAX 998315 ₹100.00 9% · ₹9.00 9% · ₹9.00 ₹18.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHECKLIST)
def test_an_invoice_has_what_rule_46_asks_for(kind: str) -> None:
    seller = factories.billing_entity(**SELLERS.get(kind, {}))
    customer = factories.organisation("Acme", billing_entity=seller, **CUSTOMERS[kind])
    text = text_of(render_pdf(document_of(customer, "100" if customer.currency == "JPY" else "100.00")))
    assert [field for field in CHECKLIST[kind] if field not in text] == []
    assert ("CGST" in text) == (kind in OF_ONE_STATE)


def test_a_credit_note_has_what_rule_53_asks_for(acme: Organisation) -> None:
    document = note_of(acme, CreditNote.Kind.GST)
    text = text_of(render_pdf(document))
    for field in (
        *SELLER, "CREDIT NOTE", "CN/26-27/000001", "20 Nov 2026", "Acme Private Limited",
        "Original invoice INV/26-27/000001", "Its date 1 Nov 2026", "Place of supply 29-Karnataka",
        "₹100.00", "CGST 9%", "SGST 9%", "₹9.00", "₹118.00", "Reason: Deficiency in the service: The service was down",
        "TAX BY SAC", "no signature is required",
    ):  # fmt: skip
        assert field in text, field
    for wrong in ("ORIGINAL FOR RECIPIENT", "HOW TO PAY", "Due date", "Scan to pay"):
        assert wrong not in text, wrong
    assert codes_of(render_pdf(document)) == []


def test_a_commercial_credit_note_says_that_it_takes_back_no_tax(acme: Organisation) -> None:
    text = text_of(render_pdf(note_of(acme, CreditNote.Kind.COMMERCIAL)))
    assert "COMMERCIAL CREDIT NOTE" in text
    assert "it does not change the tax of the invoice (CGST Act, section 34)" in text
    assert "TAX BY SAC" not in text


def test_pan_company_and_udyam_numbers_are_printed_where_the_seller_has_them(acme: Organisation) -> None:
    seller = acme.billing_entity
    seller.cin, seller.udyam = "U72900KA2020PTC123456", "UDYAM-KA-03-0012345"
    seller.save()
    text = text_of(render_pdf(document_of(acme)))
    for field in ("PAN: AAACA1234A", "CIN: U72900KA2020PTC123456", "Udyam: UDYAM-KA-03-0012345"):
        assert field in text, field


def test_a_seller_without_gstin_prints_its_own_pan_and_no_copy_mark(acme: Organisation) -> None:
    seller = acme.billing_entity
    seller.gstin, seller.pan, seller.cin = "", "AAACA1234A", "AAB-1234"
    seller.save()
    text = text_of(render_pdf(document_of(acme)))
    assert "PAN: AAACA1234A" in text
    assert "LLPIN: AAB-1234" in text
    assert "ORIGINAL FOR RECIPIENT" not in text


# --- codes -----------------------------------------------------------------------------------------------------------


def test_the_codes_say_whom_to_pay_how_much_and_where(acme: Organisation) -> None:
    seller = acme.billing_entity
    seller.upi_id = "metrics@hdfc"
    seller.save()
    document = document_of(acme)
    upi, pay_page = codes_of(render_pdf(document))
    assert upi == (
        "upi://pay?pa=metrics@hdfc&pn=Metrics%20Cloud%20Private%20Limited&am=118.00&cu=INR&tn=INV%2F26-27%2F000001"
    )
    assert pay_page == document.pay_url


def test_an_e_invoice_prints_irn_acknowledgement_and_the_whole_signed_code(acme: Organisation) -> None:
    signed = "eyJhbGciOiJSUzI1NiJ9." + "aB3-_x" * 150
    registration = Registration("a5c1" * 16, "112010036563310", "2026-11-01 10:15:00", signed)
    content = render_pdf(document_of(acme), standing=Standing(registration=registration))
    text = text_of(content)
    for field in ("E-INVOICE IRN " + "a5c1" * 16, "112010036563310", "2026-11-01 10:15:00"):
        assert field in text, field
    assert signed in codes_of(content)


# --- several pages ---------------------------------------------------------------------------------------------------


def test_each_page_says_what_the_lines_so_far_come_to(acme: Organisation) -> None:
    lines = [{"description": f"Work {n}", "quantity": "1", "unit_price": f"{n}.10"} for n in range(1, 91)]
    draft = drafting.create_one_off_draft(organisation=acme, lines=lines)
    document = invoice_document(issuing.finalize_invoice(invoice_id=draft.pk))
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(render_pdf(document))).pages]
    assert len(pages) > 2
    so_far = Decimal(0)
    for page, following in pairwise(pages):
        so_far += sum(Decimal(f"{n}.10") for n in map(int, re.findall(r"Work (\d+)", page)))
        if f"Work {len(lines)}" in page:
            break
        assert f"Carried forward {format_money(so_far, 'INR')}" in page
        assert f"Brought forward {format_money(so_far, 'INR')}" in following
        assert "# DESCRIPTION SAC" in following


def test_numbers_are_not_broken_and_empty_columns_are_left_out(acme: Organisation) -> None:
    document = document_of(acme)
    large, line = Decimal("1219321743559.44"), document.lines[0]
    lines = tuple(replace(line, position=n, unit_price=Decimal("98765.12345"), amount=large) for n in (999, 1000))
    rows = text_of(render_pdf(replace(document, lines=lines, subtotal=large * 2, total=large * 2)))
    for number in ("1000 Onboarding", "₹98,765.12345", "₹12,19,32,17,43,559.44", "Total ₹24,38,64,34,87,118.88"):
        assert number in rows, number
    lines = tuple(replace(each, sac="", quantity=None, unit_price=None) for each in document.lines)
    assert "# DESCRIPTION TAXABLE VALUE TAX" in text_of(render_pdf(replace(document, lines=lines)))


def test_labels_in_two_languages_stand_whole(acme: Organisation) -> None:
    source = render_pdf(replace(document_of(acme), look=replace(BUILT_IN_LOOK, language=ENGLISH_AND_HINDI)))
    text = text_of(source)
    assert "Pay online /" in text
    assert "…" not in text
    assert "Place of supply /" not in text  # the Hindi name stands on the next line
    assert "Currency /" in text


def test_tax_by_sac_adds_up_to_the_tax_of_the_document(acme: Organisation) -> None:
    document = document_of(acme)
    line = document.lines[0]
    lines = (
        line,
        replace(line, position=2, sac="997331", amount=Decimal("50.00"), tax_amount=Decimal("9.00")),
        replace(line, position=3, amount=Decimal("10.00"), tax_amount=Decimal("1.80")),
    )
    taxes = tuple(DocumentTax(head, Decimal(9), Decimal("160.00"), Decimal("14.40")) for head in ("CGST", "SGST"))
    mixed = replace(document, lines=lines, taxes=taxes, tax_total=Decimal("28.80"))
    assert [(row.sac, row.taxable, row.tax) for row in summary_rows(mixed)] == [
        ("997331", Decimal("50.00"), Decimal("9.00")),
        ("998315", Decimal("110.00"), Decimal("19.80")),
    ]
    text = text_of(render_pdf(mixed))
    assert "997331 ₹50.00 9% · ₹4.50 9% · ₹4.50 ₹9.00" in text
    assert "Total ₹160.00 ₹14.40 ₹14.40 ₹28.80" in text
    assert "TAX BY SAC" not in text_of(render_pdf(replace(mixed, tax_total=Decimal("28.81"))))  # never a wrong sum


# --- archives --------------------------------------------------------------------------------------------------------


@pytest.fixture
def archived(acme: Organisation) -> bytes:
    """With rare letters, whose fonts ReportLab embeds, and with a logo."""
    picture = BytesIO()
    Image.new("RGBA", (8, 8), (200, 0, 0, 100)).save(picture, "PNG")
    document = replace(document_of(acme), notes="Straße, naïve, Łódź, श्री", logo="logos/x.png")
    return render_pdf(document, logo=picture.getvalue())


def test_each_stream_is_as_long_as_it_says_and_ends_with_a_line_break(archived: bytes) -> None:
    """ISO 19005-1, 6.1.7."""
    assert archived.startswith(b"%PDF-1.4\n")
    lengths = [int(found) for found in re.findall(rb"/Length (\d+)", archived)]
    starts = [found.end() for found in re.finditer(rb">>\nstream\n", archived)]
    assert len(lengths) == len(starts) > 10
    for length, start in zip(lengths, starts, strict=True):
        assert archived[start + length :].startswith(b"\nendstream\n")


def test_what_a_pdf_says_of_itself_it_says_twice_and_alike(archived: bytes) -> None:
    """ISO 19005-1, 6.7.3. XMP stands there unpacked: 6.7.2."""
    reader = PdfReader(BytesIO(archived))
    metadata = reader.trailer["/Root"]["/Metadata"]
    assert "/Filter" not in metadata
    xmp, information = reader.xmp_metadata, reader.metadata
    assert xmp is not None
    assert information is not None
    assert (information.title, information.author) == ("Tax Invoice INV/26-27/000001", "Metrics Cloud Private Limited")
    assert xmp.dc_title == {"x-default": information.title}
    assert xmp.dc_creator == [information.author]
    assert xmp.dc_description == {"x-default": information.subject}
    assert (xmp.xmp_creator_tool, xmp.pdf_producer) == (information.creator, information.producer)
    assert xmp.pdf_keywords == information["/Keywords"] == ""
    assert xmp.xmp_create_date.date() == information.creation_date.date() == date(2026, 11, 1)
    assert b"<pdfaid:part>1</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>" in metadata.get_data()


def test_a_pdf_says_what_its_colours_are(archived: bytes) -> None:
    """ISO 19005-1, 6.2.2, knows profiles up to version 2; another library reads it as sRGB."""
    (intent,) = PdfReader(BytesIO(archived)).trailer["/Root"]["/OutputIntents"]
    stream = intent.get_object()["/DestOutputProfile"]
    profile = ImageCms.ImageCmsProfile(BytesIO(stream.get_data()))
    assert (stream["/N"], profile.profile.version) == (3, 2.1)
    colours = Image.new("RGB", (1, 1), (31, 78, 121))
    mine = ImageCms.profileToProfile(colours, profile, ImageCms.createProfile("sRGB"))
    assert mine is not None
    assert all(abs(ours - theirs) <= 1 for ours, theirs in zip(mine.getpixel((0, 0)), (31, 78, 121), strict=True))


def test_a_pdf_brings_its_fonts_and_no_transparency(archived: bytes) -> None:
    """ISO 19005-1, 6.3.4 and 6.4."""
    reader = PdfReader(BytesIO(archived))
    assert reader.trailer["/Root"]["/Lang"] == "en-IN"
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            assert "/FontFile2" in font.get_object()["/FontDescriptor"]
    assert not re.search(rb"/SMask|/ca |/CA ", archived)
    assert "Straße, naïve, Łódź" in reader.pages[0].extract_text()


def test_joined_letters_carry_what_they_say(acme: Organisation) -> None:
    document = document_of(acme)
    content = render_pdf(replace(document, customer=replace(document.customer, name="श्री क्षेत्र Limited")))
    source = PdfReader(BytesIO(content)).pages[0]["/Contents"].get_data()
    for word in ("श्री", "क्षेत्र"):
        assert b"/ActualText <feff" + word.encode("utf-16-be").hex().encode() in source


def test_a_document_of_an_older_version_is_drawn(acme: Organisation) -> None:
    """Its lines say no tax amount, and its seller has none of the later fields."""
    document = document_of(acme)
    line = document.lines[0]
    old = DocumentLine(1, "Old", "998315", Decimal(1), "unit", Decimal(1), line.tax_rate, line.amount)
    assert "Old" in text_of(render_pdf(replace(document, lines=(old,)), standing=AS_ISSUED))
