"""Which documents need an IRN, how it is recorded, and what the database keeps of it."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.law import INDIAN_TIME
from invoicing import tasks
from invoicing.models import CreditNote, EInvoice, Invoice
from invoicing.selectors.e_invoices import checked, registration_of
from invoicing.services import voiding
from invoicing.services.e_invoices import needed, recording
from invoicing.services.exchange_rates import add_exchange_rate
from organisations.models import BillingEntity, Organisation
from organisations.services.sellers import update_seller
from tests import factories
from tests.invoicing.e_invoices.language import again, answer, credited, issued_on, refused, registered
from tests.invoicing.language import at
from tests.local.irp.key import PUBLIC_KEY

pytestmark = pytest.mark.django_db
Status = EInvoice.Status


def record(found: EInvoice, **changed: Any) -> EInvoice:
    with at("2026-10-05 11:30"):
        return recording.record(e_invoice_id=found.pk, registered=registered(found, **changed), source="typed")


def test_a_document_to_a_gstin_needs_an_irn_from_the_sellers_first_day_on(seller: BillingEntity) -> None:
    registered_, unregistered, abroad = (
        factories.organisation("With", gstin=factories.MAHARASHTRA_GSTIN, state_code="27", postal_code="411001"),
        factories.organisation("Without"),
        factories.organisation("Abroad", country="US", state_code="", currency="INR"),
    )
    issued = [issued_on("2026-10-05 10:00", each) for each in (registered_, unregistered, abroad)]
    needing = set(EInvoice.objects.values_list("number", flat=True))
    assert needing == {issued[0].number, issued[2].number}
    update_seller(seller=seller, e_invoices_from=date(2026, 11, 1))
    later = issued_on("2026-10-06 10:00", registered_)
    assert not EInvoice.objects.filter(invoice=later).exists()


def test_a_draft_is_blocked_by_what_the_portal_will_ask_for(seller: BillingEntity) -> None:
    """Once it is issued it is frozen: the PIN code has to be there before."""
    customer = factories.organisation("Pinless", gstin=factories.KARNATAKA_GSTIN, postal_code="", city="Go")
    with pytest.raises(DomainError, match="no town of three letters and no PIN code of six digits") as error:
        issued_on("2026-10-05 10:00", customer)
    assert error.value.code == "PARTICULAR_MISSING"
    update_seller(seller=seller, e_invoices_from=None)
    assert issued_on("2026-10-05 10:00", customer).number


def test_a_note_that_changes_tax_needs_one_too(invoice: Invoice) -> None:
    note = credited(invoice)
    assert EInvoice.objects.get(credit_note=note).status == Status.PENDING
    payload = checked(EInvoice.objects.get(credit_note=note)).payload
    assert payload["DocDtls"]["Typ"] == "CRN"
    assert payload["RefDtls"]["PrecDocDtls"][0]["InvNo"] == invoice.number


def test_a_commercial_note_needs_none(invoice: Invoice) -> None:
    note = credited(invoice, kind=CreditNote.Kind.COMMERCIAL)
    assert not EInvoice.objects.filter(credit_note=note).exists()


def test_the_job_follows_the_sellers_settings(customer: Organisation, seller: BillingEntity) -> None:
    update_seller(seller=seller, e_invoices_from=None)
    invoice = issued_on("2026-10-05 10:00", customer)
    note = credited(invoice)
    update_seller(seller=seller, e_invoices_from=date(2026, 10, 5))
    for _twice in range(2):
        tasks.look_for_e_invoices()
    assert {each.document for each in EInvoice.objects.all()} == {invoice, note}
    update_seller(seller=seller, e_invoices_from=date(2026, 10, 6))
    tasks.look_for_e_invoices()
    found = EInvoice.objects.get(invoice=invoice)
    assert (found.status, found.not_needed_reason != "") == (Status.NOT_NEEDED, True)
    update_seller(seller=seller, e_invoices_from=date(2026, 10, 1))
    tasks.look_for_e_invoices()
    assert again(found).status == Status.PENDING


def test_an_export_that_our_services_made_has_the_rate_of_its_service_and_its_rupees(seller: BillingEntity) -> None:
    """The golden export: $499.00 at 83.4725, zero-rated, of a service at 18%."""
    abroad = factories.organisation("Globex", country="US", state_code="", currency="USD", city="Boston")
    with at("2026-10-12 09:00"):
        add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 10, 12), source="RBI")
    invoice = issued_on("2026-10-12 10:00", abroad, "499.00")
    found = checked(EInvoice.objects.get(invoice=invoice))
    (item,), value = found.payload["ItemList"], found.payload["ValDtls"]
    assert (item["GstRt"], item["AssAmt"], item["IgstAmt"]) == (18, Decimal("41652.78"), 0)
    assert (value["TotInvVal"], value["TotInvValFc"]) == (Decimal("41652.78"), Decimal("499.00"))
    with at("2026-10-12 10:30"):
        assert checked(EInvoice.objects.get(invoice=invoice)).obstacles == []


def test_a_recorded_irn_is_printed(invoice: Invoice, e_invoice: EInvoice) -> None:
    assert registration_of(invoice) is None
    found = record(e_invoice)
    printed = registration_of(invoice)
    assert printed is not None
    assert (printed.irn, printed.ack_date, printed.signed_qr) == (found.irn, "2026-10-05 11:00:00", found.signed_qr)
    assert (found.status, found.source, found.is_unclear) == (Status.GENERATED, "typed", False)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"SellerDtls": {"Gstin": "27AAPFU0939F1ZV"}}, "seller's GSTIN"),
        ({"BuyerDtls": {"Gstin": "27AAPFU0939F1ZV"}}, "customer's GSTIN"),
        ({"DocDtls": {"No": "INV/26-27/000099"}}, "number"),
        ({"DocDtls": {"Typ": "CRN"}}, "type"),
        ({"DocDtls": {"Dt": "04/10/2026"}}, "date"),
        ({"ValDtls": {"TotInvVal": 1181.01}}, "total"),
    ],
)
def test_an_irn_of_another_document_is_refused(e_invoice: EInvoice, changed: dict[str, Any], word: str) -> None:
    with pytest.raises(DomainError, match=word) as error:
        record(e_invoice, **changed)
    assert error.value.code == "E_INVOICE_DIFFERS"
    assert again(e_invoice).status == Status.PENDING


@pytest.mark.parametrize(
    "changed",
    [
        {"ack_number": "١٢٣"},
        {"ack_number": "1" * 21},
        {"irn": "G" * 64},
        {"signed_qr": "a.b"},
        {"signed_qr": "a.b\x00.c"},
        {"signed_qr": "YQ." + "W1tb" * 20_000 + ".YQ"},
        {"signed_invoice": "<script>"},
        {"acknowledged_at": datetime(2026, 10, 4, 23, 59, tzinfo=INDIAN_TIME)},
        {"acknowledged_at": datetime(2026, 10, 5, 11, 41, tzinfo=INDIAN_TIME)},
    ],
)
def test_what_no_portal_gives_is_refused_with_a_sentence(e_invoice: EInvoice, changed: dict[str, Any]) -> None:
    right = registered(e_invoice)
    wrong = dataclasses.replace(right, signed_invoice="") if "signed_invoice" not in changed else right
    with at("2026-10-05 11:30"), pytest.raises(DomainError) as error:
        recording.record(e_invoice_id=e_invoice.pk, registered=dataclasses.replace(wrong, **changed), source="typed")
    assert error.value.code == "E_INVOICE_DIFFERS"


def test_the_same_irn_twice_changes_nothing_and_another_is_refused(e_invoice: EInvoice) -> None:
    first = record(e_invoice)
    assert record(e_invoice).recorded_at == first.recorded_at
    other = registered(e_invoice)
    with pytest.raises(DomainError) as error:
        recording.record(
            e_invoice_id=e_invoice.pk,
            registered=type(other)("0" * 64, "1", other.acknowledged_at, other.signed_qr),
            source="typed",
        )
    assert error.value.code == "E_INVOICE_NOT_PENDING"


def test_a_signature_is_checked_where_the_portals_key_is_known(e_invoice: EInvoice, settings: Any) -> None:
    settings.IRP_PUBLIC_KEY = PUBLIC_KEY
    head, body, signature = registered(e_invoice).signed_qr.split(".")
    right = registered(e_invoice)
    forged = type(right)(right.irn, right.ack_number, right.acknowledged_at, f"{head}.{body}.{signature[:-4]}AAAA")
    with pytest.raises(DomainError, match="did not sign"):
        recording.record(e_invoice_id=e_invoice.pk, registered=forged, source="typed")
    assert record(e_invoice).signature_checked


def test_a_file_of_answers_is_recorded_one_by_one(customer: Organisation, seller: BillingEntity) -> None:
    first, second, third = (issued_on("2026-10-05 10:00", customer, price) for price in ("10.00", "20.00", "30.00"))
    rows = [
        answer(EInvoice.objects.get(invoice=first)),
        {"Status": 1, "Data": json.dumps(answer(EInvoice.objects.get(invoice=second)))},
        answer(EInvoice.objects.get(invoice=third), ValDtls={"TotInvVal": 99.0}),
        {"Irn": "x"},
    ]
    with at("2026-10-05 12:00"):
        report = recording.record_file(content=json.dumps(rows).encode(), may=lambda _found: True)
        twice = recording.record_file(content=json.dumps(rows).encode(), may=lambda _found: True)
        elsewhere = recording.record_file(content=json.dumps(rows[2]).encode(), may=lambda _found: False)
    assert report.recorded == (first.number, second.number)
    assert "another total" in report.refused[0]
    assert "no AckNo" in report.refused[1]
    assert (twice.recorded, twice.known) == ((), report.recorded)
    assert "No document" in elsewhere.refused[0]
    assert EInvoice.objects.get(invoice=third).status == Status.PENDING


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"[1]", b'"x"', b"[" * 100_000, b"\xff\xfe{", b"null"])
def test_what_is_no_file_of_the_portal_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(InvalidInput) as error:
        recording.record_file(content=content, may=lambda _found: True)
    assert "file" in error.value.details


def test_an_invoice_with_an_irn_is_voided_after_its_irn_is_cancelled(invoice: Invoice, e_invoice: EInvoice) -> None:
    record(e_invoice)
    invoice.refresh_from_db()
    with at("2026-10-06 11:00"):  # the last moment
        with pytest.raises(DomainError, match="Cancel the IRN first"):
            voiding.void_invoice(invoice_id=invoice.pk, reason="A mistake")
        moment = datetime(2026, 10, 6, 11, tzinfo=INDIAN_TIME)
        recording.record_cancellation(e_invoice_id=e_invoice.pk, at=moment, reason="2")
        assert registration_of(invoice) is None
        assert voiding.void_invoice(invoice_id=invoice.pk, reason="A mistake").status == Invoice.Status.VOID


def test_after_a_day_it_is_credited_instead(invoice: Invoice, e_invoice: EInvoice) -> None:
    record(e_invoice)
    with at("2026-10-06 11:01"):
        with pytest.raises(DomainError, match="credit note"):
            voiding.void_invoice(invoice_id=invoice.pk, reason="A mistake")
        moment = datetime(2026, 10, 6, 11, 1, tzinfo=INDIAN_TIME)
        with pytest.raises(InvalidInput, match="could be cancelled"):
            recording.record_cancellation(e_invoice_id=e_invoice.pk, at=moment, reason="2")


def test_a_void_invoice_needs_no_irn_any_more(invoice: Invoice, e_invoice: EInvoice) -> None:
    with at("2026-10-05 12:00"):
        EInvoice.objects.filter(pk=e_invoice.pk).update(is_unclear=True)
        with pytest.raises(DomainError) as error:
            voiding.void_invoice(invoice_id=invoice.pk, reason="A mistake")
        assert error.value.code == "E_INVOICE_UNCLEAR"
        EInvoice.objects.filter(pk=e_invoice.pk).update(is_unclear=False)
        voiding.void_invoice(invoice_id=invoice.pk, reason="A mistake")
    assert again(e_invoice).status == Status.NOT_NEEDED


def test_a_person_may_say_that_none_is_needed_and_take_it_back(e_invoice: EInvoice) -> None:
    with pytest.raises(InvalidInput, match="Say why"):
        needed.mark_not_needed(e_invoice_id=e_invoice.pk, reason=" ")
    found = needed.mark_not_needed(e_invoice_id=e_invoice.pk, reason="The seller is in a zone")
    assert (found.status, found.not_needed_reason) == (Status.NOT_NEEDED, "The seller is in a zone")
    assert needed.demand_again(e_invoice_id=e_invoice.pk).status == Status.PENDING


def test_the_days_left_are_counted_with_the_last_one(e_invoice: EInvoice) -> None:
    """5 October is reported until 3 November."""
    assert e_invoice.last_day == date(2026, 11, 3)
    assert (e_invoice.days_left(date(2026, 11, 3)), e_invoice.days_left(date(2026, 11, 4))) == (1, 0)
    near = EInvoice.objects.near_the_limit(date(2026, 10, 30))
    assert list(near) == [e_invoice]
    assert not EInvoice.objects.near_the_limit(date(2026, 10, 29))


# --- what PostgreSQL keeps --------------------------------------------------------------------------------------------


def test_postgresql_keeps_what_was_recorded(e_invoice: EInvoice, invoice: Invoice) -> None:
    found = record(e_invoice)
    for columns in (
        {"irn": "0" * 64},
        {"ack_number": "7"},
        {"signed_qr": "x"},
        {"ack_at": found.ack_at - timedelta(seconds=1)},
        {"number": "INV/26-27/000002"},
        {"source": "file"},
    ):
        assert "never changes" in refused(found, **columns) or "stays with" in refused(found, **columns), columns
    assert "status" in refused(found, status=Status.PENDING).lower()
    assert refused(found, status=Status.CANCELLED)
    late = {"status": Status.CANCELLED, "cancel_reason": "1"}
    assert "within_a_day" in refused(found, **late, cancelled_at=found.ack_at + timedelta(hours=24, seconds=1))
    assert refused(found, **late, cancelled_at=found.ack_at + timedelta(hours=24)) == ""
    assert "never changes" in refused(found, cancel_reason="2")


def test_postgresql_refuses_an_irn_that_is_none(e_invoice: EInvoice) -> None:
    now = datetime(2026, 10, 5, 11, tzinfo=INDIAN_TIME)
    right = {
        "status": Status.GENERATED, "irn": "a" * 64, "ack_number": "1", "ack_at": now, "signed_qr": "x",
        "source": "typed", "recorded_at": now,
    }  # fmt: skip
    for wrong in ({"irn": "A" * 64}, {"irn": "a" * 63}, {"ack_number": ""}, {"ack_at": None}, {"signed_qr": ""}):
        assert "status_tells" in refused(e_invoice, **right | wrong), wrong
    assert "status_tells" in refused(e_invoice, irn="a" * 64)
    assert refused(e_invoice, **right) == ""


def test_postgresql_refuses_the_e_invoice_of_another_document(
    customer: Organisation, e_invoice: EInvoice, invoice: Invoice
) -> None:
    note = credited(invoice)
    EInvoice.objects.get(credit_note=note)
    assert refused(e_invoice, credit_note=note)
    with pytest.raises(Exception, match="not that of its document"):
        EInvoice.objects.create(
            organisation=customer, billing_entity=customer.billing_entity, seller_gstin="29AAACA1234A1ZG",
            number="INV/26-27/000077", issue_date=invoice.issue_date, invoice=invoice,
        )  # fmt: skip


def test_an_e_invoice_is_never_deleted(e_invoice: EInvoice) -> None:
    with pytest.raises(Exception, match="Cannot delete"):
        EInvoice.objects.filter(pk=e_invoice.pk).delete()
