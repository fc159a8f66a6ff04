"""Finalizing closes the month, freezes the facts, checks the sums and takes the next number, or changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError

from billing_platform.lib.errors import DomainError
from events.models import UsagePeriod
from invoicing.gst_heads import ENDORSEMENT_WITHOUT_PAYMENT
from invoicing.models import DocumentSnapshot, Invoice, NumberSequence, TaxRate
from invoicing.selectors.documents import invoice_document
from invoicing.services import drafting, issuing, voiding
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.paid_total import record_paid_total
from invoicing.signals import invoice_voided, invoices_issued
from organisations.models import BillingEntity, Organisation, Project
from tests import factories
from tests.invoicing.language import OCTOBER, after_october, amounts, at, draft, issued, one_off, per_unit, used

pytestmark = pytest.mark.django_db


def test_a_finalized_invoice_has_number_dates_and_a_closed_month(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    invoice = issued(acme)
    assert (invoice.number, invoice.status) == ("INV/26-27/000001", "finalized")
    # issued on 1 November in India, due 15 days later
    assert (invoice.issue_date, invoice.due_date) == (date(2026, 11, 1), date(2026, 11, 16))
    assert UsagePeriod.objects.get(organisation=acme, month=OCTOBER.start).closed_at is not None


def test_numbers_follow_each_other(acme: Organisation) -> None:
    numbers = [issuing.finalize_invoice(invoice_id=one_off(acme).pk).number[-6:] for _ in range(3)]
    assert numbers == ["000001", "000002", "000003"]


def test_a_refused_finalization_takes_no_number_and_leaves_the_draft(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    with at("2026-10-20 10:00"):
        invoice = drafting.create_draft(organisation=acme, period=OCTOBER)
        with pytest.raises(DomainError) as refused:
            issuing.finalize_invoice(invoice_id=invoice.pk)
    assert refused.value.code == "PERIOD_NOT_OVER"
    invoice.refresh_from_db()
    assert (invoice.status, invoice.number) == ("draft", "")
    assert not NumberSequence.objects.exists()


def test_the_financial_year_begins_at_midnight_in_india(acme: Organisation) -> None:
    with at("2026-03-31 18:29", "UTC"):  # 23:59 on 31 March in India
        old_year = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    with at("2026-03-31 18:30", "UTC"):  # 00:00 on 1 April
        new_year = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    assert (old_year.number, old_year.issue_date) == ("INV/25-26/000001", date(2026, 3, 31))
    assert (new_year.number, new_year.issue_date) == ("INV/26-27/000001", date(2026, 4, 1))


def test_each_seller_counts_for_itself(acme: Organisation) -> None:
    other_seller = factories.billing_entity(name="Second", is_default=False, invoice_prefix="SEC")
    umbrella = factories.organisation("Umbrella", billing_entity=other_seller)
    assert issuing.finalize_invoice(invoice_id=one_off(acme).pk).sequence_number == 1
    assert issuing.finalize_invoice(invoice_id=one_off(umbrella).pk).sequence_number == 1


def test_two_sellers_of_one_gstin_never_share_a_series(db: None) -> None:
    """A number is unique per GSTIN and financial year: both would begin with INV/26-27/000001."""
    factories.billing_entity()
    with pytest.raises(IntegrityError, match="one_invoice_series_per_gstin"):
        factories.billing_entity(name="Second", is_default=False)


def test_usage_that_came_after_the_draft_is_on_the_final_invoice(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 5)
    invoice = draft(acme)
    used(project, 2)
    with after_october():
        issuing.finalize_invoice(invoice_id=invoice.pk)
    assert amounts(invoice) == [Decimal("7.00")]


def test_what_the_document_says_survives_every_later_change(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    invoice = issued(acme)
    acme.legal_name, acme.gstin = "Renamed Limited", factories.KARNATAKA_GSTIN
    acme.save()
    entity = acme.billing_entity
    entity.legal_name, entity.bank_name = "Another Seller", "Another Bank"
    entity.save()
    TaxRate.objects.update(rate=Decimal(28))
    document = invoice_document(Invoice.objects.get(pk=invoice.pk))
    assert (document.customer.name, document.seller.name) == ("Acme Private Limited", "Metrics Cloud Private Limited")
    assert (document.total, document.taxes[0].rate) == (Decimal("118.00"), Decimal(9))


def test_a_second_finalization_changes_nothing(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    with pytest.raises(DomainError) as refused:
        issuing.finalize_invoice(invoice_id=invoice.pk)
    assert refused.value.code == "INVOICE_NOT_DRAFT"
    assert NumberSequence.objects.get().next_number == 2
    assert DocumentSnapshot.objects.count() == 1


def test_an_invoice_of_nothing_is_paid_at_once(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme, "0").pk)
    assert (invoice.status, invoice.number) == ("paid", invoice.number)
    assert list(Invoice.objects.collectable()) == []


def test_a_negative_total_is_refused(acme: Organisation) -> None:
    with pytest.raises(DomainError) as refused:
        issuing.finalize_invoice(invoice_id=one_off(acme, "-5").pk)
    assert refused.value.code == "NEGATIVE_TOTAL"


def test_without_a_tax_rate_there_is_a_draft_but_no_invoice(acme: Organisation) -> None:
    TaxRate.objects.all().delete()
    invoice = one_off(acme)
    assert [warning["code"] for warning in invoice.warnings] == ["TAX_RATE_MISSING"]
    with pytest.raises(DomainError) as refused:
        issuing.finalize_invoice(invoice_id=invoice.pk)
    assert refused.value.code == "TAX_RATE_MISSING"


def test_a_foreign_invoice_needs_the_rupee_rate_of_its_day(globex: Organisation) -> None:
    with after_october():
        invoice = one_off(globex, "499.00")
        add_exchange_rate(base="USD", target="INR", rate=Decimal("80"), as_of=date(2026, 9, 30), source="too old")
        with pytest.raises(DomainError) as refused:
            issuing.finalize_invoice(invoice_id=invoice.pk)
        assert refused.value.code == "EXCHANGE_RATE_MISSING"
        assert "USD to INR exchange rate for 1 Nov 2026" in refused.value.message
        add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 10, 30), source="FBIL")
        invoice = issuing.finalize_invoice(invoice_id=invoice.pk)
    # 499.00 x 83.4725 = 41,652.7775, rounded 41,652.78; under LUT no tax
    assert Invoice.objects.with_exchange().get(pk=invoice.pk).exchange == {
        "base": "USD",
        "target": "INR",
        "rate": "83.4725000000",
        "as_of": "2026-10-30",
        "source": "FBIL",
        "taxable_amount": "41652.78",
        "tax_total": "0.00",
        "total": "41652.78",
    }
    assert invoice_document(invoice).endorsement == ENDORSEMENT_WITHOUT_PAYMENT
    assert invoice_document(invoice).place_of_supply == "96-Other Countries"


def test_integrated_tax_on_an_export_is_worked_out_in_rupees_too(globex: Organisation) -> None:
    entity = globex.billing_entity
    entity.letters.all().delete()
    with after_october():
        add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 11, 1), source="FBIL")
        invoice = issuing.finalize_invoice(invoice_id=one_off(globex, "499.00").pk)
    # 18 % of 41,652.78 = 7,497.5004
    assert invoice.exchange is not None
    assert (invoice.exchange["tax_total"], invoice.exchange["total"]) == ("7497.50", "49150.28")
    assert for_returns(invoice) == ("EXPWP", "96", "41652.78", "7497.50", "0.00", "0.00")


def for_returns(invoice: Invoice) -> tuple[str, ...]:
    """Kind and place of supply, taxable value, IGST, CGST and SGST in rupees: what tax returns are made of."""
    values = (
        invoice.taxable_in_rupees,
        invoice.igst_in_rupees,
        invoice.cgst_in_rupees,
        invoice.sgst_in_rupees,
    )
    return (invoice.supply_kind, invoice.place_of_supply, *(f"{value:.2f}" for value in values if value is not None))


def test_an_invoice_in_rupees_has_its_values_for_returns(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    # 100.00, CGST 9.00, SGST 9.00
    assert for_returns(invoice) == ("B2C", "29", "100.00", "0.00", "9.00", "9.00")
    assert Invoice.objects.with_exchange().get(pk=invoice.pk).exchange is None


def test_a_seller_without_gstin_has_nothing_to_return(acme: Organisation) -> None:
    BillingEntity.objects.update(gstin="")
    acme.billing_entity.refresh_from_db()
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    assert for_returns(invoice) == ("NO_GST", "")
    assert invoice_document(invoice).title == "Invoice"


def test_the_rate_on_the_invoice_stays_when_the_table_changes(globex: Organisation) -> None:
    with after_october():
        rate = add_exchange_rate(base="USD", target="INR", rate=Decimal("83"), as_of=date(2026, 11, 1), source="FBIL")
        invoice = issuing.finalize_invoice(invoice_id=one_off(globex).pk)
    rate.rate = Decimal("90")
    rate.save()
    exchange = invoice_document(Invoice.objects.get(pk=invoice.pk)).exchange
    assert exchange is not None
    assert exchange.rate == Decimal("83")


def test_supply_to_a_sez_within_the_state_is_zero_rated_under_the_lut() -> None:
    zone = factories.organisation("Zone", gstin=factories.KARNATAKA_GSTIN, is_sez=True)
    with after_october():
        invoice = issuing.finalize_invoice(invoice_id=one_off(zone).pk)
    assert (invoice.tax_total, invoice.supply_kind) == (Decimal(0), "SEZWOP")
    assert invoice_document(invoice).endorsement == ENDORSEMENT_WITHOUT_PAYMENT


def test_the_world_is_told_once_the_invoice_is_committed(
    acme: Organisation, django_capture_on_commit_callbacks: object
) -> None:
    told = []
    invoices_issued.connect(lambda **news: told.extend(news["invoice_ids"]), weak=False, dispatch_uid="test")
    try:
        with django_capture_on_commit_callbacks(execute=False) as callbacks:  # type: ignore[operator]
            invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
        assert told == []
        for callback in callbacks:
            callback()
    finally:
        invoices_issued.disconnect(dispatch_uid="test")
    assert told == [invoice.pk]
    assert mail.outbox == []  # the e-mail waits for its PDF


def test_a_voided_invoice_keeps_its_number_and_sends_the_signal(
    acme: Organisation, django_capture_on_commit_callbacks: object
) -> None:
    told = []
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    invoice_voided.connect(lambda **news: told.append(news["invoice_id"]), weak=False, dispatch_uid="test")
    try:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            voided = voiding.void_invoice(invoice_id=invoice.pk, reason="Sent to the wrong company")
    finally:
        invoice_voided.disconnect(dispatch_uid="test")
    assert (voided.status, voided.number, voided.amount_due) == ("void", invoice.number, 0)
    assert told == [invoice.pk]
    assert issuing.finalize_invoice(invoice_id=one_off(acme).pk).sequence_number == 2


@pytest.mark.usefixtures("paid_by_nobody")
def test_an_invoice_with_a_payment_cannot_be_voided(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    record_paid_total(invoice=invoice, paid_total=Decimal("18.00"))
    with pytest.raises(DomainError) as refused:
        voiding.void_invoice(invoice_id=invoice.pk, reason="too late")
    assert refused.value.code == "INVOICE_NOT_VOIDABLE"


@pytest.mark.usefixtures("paid_by_nobody")
def test_the_status_follows_what_is_paid_and_what_was_given_back(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)  # 100.00 + 18.00
    steps = [
        ("50.00", "0", "partially_paid", "68.00"),
        ("118.00", "0", "paid", "0.00"),
        ("100.00", "18.00", "partially_refunded", "0.00"),
        ("0", "118.00", "refunded", "0.00"),
        ("0", "50.00", "partially_refunded", "68.00"),
        ("50.00", "0", "partially_paid", "68.00"),
        ("0", "0", "finalized", "118.00"),
    ]
    for paid, returned, status, due in steps:
        record_paid_total(invoice=invoice, paid_total=Decimal(paid), refunded_total=Decimal(returned))
        invoice.refresh_from_db()
        assert (invoice.status, invoice.amount_due) == (status, Decimal(due))
        assert Invoice.objects.collectable().filter(pk=invoice.pk).exists() == invoice.is_collectable == (due != "0.00")
    record_paid_total(invoice=invoice, paid_total=Decimal(118), refunded_total=Decimal(18))
    assert (invoice.status, invoice.amount_refunded) == ("paid", 0)  # another payment has paid it
    with pytest.raises(DomainError) as refused:
        record_paid_total(invoice=invoice, paid_total=Decimal("118.01"))
    assert refused.value.code == "OVERPAID"


def test_a_draft_or_a_void_invoice_takes_no_money(acme: Organisation) -> None:
    invoice = one_off(acme)
    with pytest.raises(DomainError) as refused:
        record_paid_total(invoice=invoice, paid_total=Decimal(1))
    assert refused.value.code == "INVOICE_NOT_FINALIZED"
    voided = voiding.void_invoice(invoice_id=invoice.pk, reason="no")
    with pytest.raises(DomainError) as refused:
        record_paid_total(invoice=voided, paid_total=Decimal(1))
    assert refused.value.code == "INVOICE_VOID"


def test_overdue_begins_the_day_after_the_due_date(acme: Organisation) -> None:
    with after_october():
        invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    assert list(Invoice.objects.overdue(on=date(2026, 11, 16))) == []
    assert list(Invoice.objects.overdue(on=date(2026, 11, 17))) == [invoice]
    assert invoice.is_overdue(date(2026, 11, 17))


def test_an_invoice_finalized_across_midnight_is_of_one_day(
    globex: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter of undertaking ends on 31 March: an invoice that is worked out under it does not bear 1 April."""
    with time_machine.travel("2027-03-31T18:29:59Z", tick=False) as clock_hands:
        add_exchange_rate(base="USD", target="INR", rate=Decimal("88.50"), as_of=date(2027, 3, 31), source="RBI")
        draft = one_off(globex)
        check = issuing.check_issuable

        def slowly(*given: Any) -> None:
            clock_hands.move_to("2027-03-31T18:30:01Z")
            check(*given)

        monkeypatch.setattr(issuing, "check_issuable", slowly)
        issued = issuing.finalize_invoice(invoice_id=draft.pk)
    assert (issued.issue_date, issued.financial_year) == (date(2027, 3, 31), "26-27")
    assert "UNDERTAKING" in invoice_document(issued).endorsement.upper()


def test_a_stored_line_that_was_not_computed_so_is_never_issued(
    acme: Organisation, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    per_unit("1")
    used(project, 100)
    invoice = draft(acme)
    used(project, 1)  # so that its lines are written once more
    insert = drafting.insert_lines

    def insert_wrongly(*arguments: Any) -> None:
        insert(*arguments)
        invoice.lines.update(quantity=Decimal(99))

    monkeypatch.setattr(drafting, "insert_lines", insert_wrongly)
    with after_october(), pytest.raises(DomainError) as refused:
        issuing.finalize_invoice(invoice_id=invoice.pk)
    assert refused.value.code == "INVOICE_DOES_NOT_ADD_UP"
    assert NumberSequence.objects.count() == 0
