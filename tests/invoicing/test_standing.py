"""The PDF shows whether the invoice is void, paid or partly paid; the issued PDF in the storage does not change."""

from __future__ import annotations

from decimal import Decimal
from email import message_from_bytes
from email.message import Message
from email.policy import default
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test.client import Client
from pypdf import PdfReader

from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.emails import sent_to
from invoicing.models import Invoice
from invoicing.services import drafting, issuing, stored_pdfs, voiding
from invoicing.services.paid_total import record_paid_total
from invoicing.tasks import deliver_invoice
from organisations.models import Notification, Organisation
from organisations.notifications import email
from tests import factories
from tests.invoicing.language import at, one_off
from tests.mailbox import Mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """118.00 rupees, with everything by which it can be paid; PDF made, and sent to nobody."""
    entity = acme.billing_entity
    entity.bank_name, entity.bank_account_number, entity.bank_ifsc = "HDFC Bank", "50200012345678", "HDFC0001234"
    entity.upi_id = "metrics@hdfc"
    entity.save()
    with at("2026-11-01 10:00"):
        issued = issuing.finalize_invoice(invoice_id=one_off(acme).pk, send=False)
        deliver_invoice(str(issued.pk))
    issued.refresh_from_db()
    return issued


@pytest.fixture
def free(acme: Organisation) -> Invoice:
    """An invoice of nothing, which was mailed: a credit note has nothing to take back of it, so it may be voided."""
    return delivered(acme, "0.00")


def delivered(organisation: Organisation, price: str) -> Invoice:
    with at("2026-11-01 10:00"):
        issued = issuing.finalize_invoice(invoice_id=one_off(organisation, price).pk)
        deliver_invoice(str(issued.pk))
    issued.refresh_from_db()
    return issued


def void(invoice: Invoice, reason: str = "Billed to the wrong company.") -> Invoice:
    with at("2026-11-20 23:30"):
        return voiding.void_invoice(invoice_id=invoice.pk, reason=reason)


def paid(invoice: Invoice, kept: str, returned: str = "0") -> Invoice:
    record_paid_total(invoice=invoice, paid_total=Decimal(kept), refunded_total=Decimal(returned))
    return invoice


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages)


def links_of(content: bytes) -> list[Any]:
    return [note for page in PdfReader(BytesIO(content)).pages for note in page.get("/Annots", [])]


WAYS_TO_PAY = ("50200012345678", "HDFC0001234", "metrics@hdfc", "Scan to pay", "Pay online", "HOW TO PAY", "/pay/")


def test_as_issued_it_says_how_to_pay(invoice: Invoice) -> None:
    name, content = stored_pdfs.read_pdf(invoice)
    assert name == "INV-26-27-000001.pdf"
    assert all(way in text_of(content) for way in WAYS_TO_PAY)
    assert links_of(content)


def test_a_void_invoice_is_marked_on_each_page_and_asks_for_nothing(invoice: Invoice) -> None:
    name, content = stored_pdfs.read_pdf(void(invoice))
    assert name == "INV-26-27-000001-void.pdf"
    text = text_of(content)
    assert "Tax Invoice INV/26-27/000001 was cancelled on 20 Nov 2026." in text
    assert "Reason: Billed to the wrong company." in text
    assert [way for way in WAYS_TO_PAY if way in text] == []
    assert links_of(content) == []
    for page in PdfReader(BytesIO(content)).pages:
        assert page.extract_text().splitlines()[-1] == "VOID"  # drawn last: across everything


def test_void_stands_on_every_page(acme: Organisation) -> None:
    lines = [{"description": f"Work {number}", "quantity": "1", "unit_price": "1"} for number in range(60)]
    draft = drafting.create_one_off_draft(organisation=acme, lines=lines)
    with at("2026-11-01 10:00"):
        issued = issuing.finalize_invoice(invoice_id=draft.pk)
    content = stored_pdfs.read_pdf(void(issued))[1]
    stamped = [page.extract_text().splitlines()[-1] for page in PdfReader(BytesIO(content)).pages]
    assert len(stamped) > 1
    assert set(stamped) == {"VOID"}


def test_the_same_void_invoice_gives_the_same_bytes(invoice: Invoice) -> None:
    void(invoice)
    again = Invoice.objects.get(pk=invoice.pk)
    assert stored_pdfs.read_pdf(again) == stored_pdfs.read_pdf(Invoice.objects.get(pk=invoice.pk))


def test_what_was_issued_stays_in_the_store_and_operators_can_have_it(invoice: Invoice, api: Client) -> None:
    before = default_storage.open(invoice.pdf.name).read()
    void(invoice)
    url = f"/api/v1/admin/invoices/{invoice.pk}/pdf"
    served, original = api.get(url), api.get(f"{url}?original=true")
    assert "was cancelled on" in text_of(served.content)
    assert original.content == before
    assert default_storage.open(invoice.pdf.name).read() == before


@pytest.mark.parametrize(
    ("kept", "returned", "sentence"),
    [
        ("118.00", "0", "Paid in full."),
        ("100.00", "18.00", "a part of the money was returned."),
        ("0", "118.00", "the money was returned."),
    ],
)
@pytest.mark.usefixtures("paid_by_nobody")
def test_an_invoice_with_nothing_due_says_so_and_asks_for_nothing(
    invoice: Invoice, kept: str, returned: str, sentence: str
) -> None:
    text = text_of(stored_pdfs.read_pdf(paid(invoice, kept, returned))[1])
    assert f"{sentence} Nothing is left to pay." in text
    assert [way for way in WAYS_TO_PAY if way in text] == []


@pytest.mark.parametrize(("kept", "returned"), [("100.00", "0"), ("60.00", "40.00"), ("0", "100.00")])
@pytest.mark.usefixtures("paid_by_nobody")
def test_a_partly_paid_invoice_asks_for_the_rest(invoice: Invoice, kept: str, returned: str) -> None:
    partly = paid(invoice, kept, returned)
    text = text_of(stored_pdfs.read_pdf(partly)[1])
    assert "₹18.00 of ₹118.00 is still due." in text
    assert "Scan to pay by UPI" in text
    assert stored_pdfs.standing_of(partly).due == Decimal("18.00")


def test_an_invoice_of_nothing_is_served_as_it_was_issued(free: Invoice) -> None:
    assert free.status == "paid"
    assert stored_pdfs.read_pdf(free) == stored_pdfs.original_pdf(free)


# --- the e-mail ------------------------------------------------------------------------------------------------------


def part(message: Message, kind: str) -> str:
    body = message.get_body((kind,))  # type: ignore[attr-defined]
    return " ".join(body.get_content().split())


def test_an_invoice_that_was_sent_is_not_voided(acme: Organisation) -> None:
    with pytest.raises(DomainError) as refused:
        void(delivered(acme, "100.00"))
    assert refused.value.code == "INVOICE_NOT_VOIDABLE"
    assert refused.value.message == (
        "Invoice INV/26-27/000001 was sent to accounts@acme.example, so it can't be voided. "
        "Issue a credit note over all of it instead."
    )


def test_whoever_was_sent_an_invoice_of_nothing_is_told_that_it_is_void(free: Invoice, mailbox: Mailbox) -> None:
    assert sent_to(free) == ["accounts@acme.example"]
    void(free)
    note = Notification.objects.get(kind="invoice_cancelled")
    assert email.send_notification(notification_id=note.pk)
    (envelope,) = mailbox.messages
    assert envelope.rcpt_tos == ["accounts@acme.example"]
    message = message_from_bytes(envelope.content, policy=default)
    assert message["Subject"] == "Cancelled: Tax Invoice INV/26-27/000001 from Metrics Cloud Private Limited"
    for kind in ("plain", "html"):
        text = part(message, kind)
        for fact in ("INV/26-27/000001", "₹0.00", "20 Nov 2026", "Billed to the wrong company.", "don't pay it"):
            assert fact in text, (kind, fact)


def test_the_notice_goes_to_exactly_the_addresses_of_the_invoice(free: Invoice) -> None:
    first = Notification.objects.get(kind="invoice_issued")
    Notification.objects.create(
        organisation=first.organisation,
        kind="invoice_issued",
        dedupe_key=f"{first.dedupe_key}:2",
        recipients=["new@acme.example"],
        subject="again",
        text="again",
        next_attempt_at=first.next_attempt_at,
    )
    delivered(factories.organisation("Other"), "100.00")
    void(free)
    note = Notification.objects.get(kind="invoice_cancelled")
    assert note.recipients == ["accounts@acme.example", "new@acme.example"]


def test_voiding_an_invoice_that_was_never_sent_sends_no_email(acme: Organisation) -> None:
    with at("2026-11-01 10:00"):
        never_sent = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    void(never_sent)
    given_up = delivered(acme, "100.00")
    Notification.objects.update(status=Notification.Status.FAILED)
    void(given_up)
    void(one_off(acme))
    assert not Notification.objects.filter(kind="invoice_cancelled").exists()


def test_what_is_void_is_told_once(free: Invoice) -> None:
    void(free)
    with pytest.raises(DomainError):
        void(free)
    assert Notification.objects.filter(kind="invoice_cancelled").count() == 1


def test_the_reason_stands_on_the_document_and_is_written_in_its_letters(invoice: Invoice) -> None:
    with pytest.raises(InvalidInput, match="KANNADA LETTER KA"):
        void(invoice, reason="ಕ")
