"""A quarter in which much happens, and nothing is wrong: no check finds anything, on any of its days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, Metric
from events.services import dead_letters, partitions
from events.services.corrections import correct_usage
from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.stored_pdfs import store_pdf
from organisations.models import Organisation, Project
from payments.services.allocating import unallocate
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.payment_reports import apply_payment_report
from payments.services.refunds import record_refund
from reconciliation.models import Discrepancy
from tests.events.language import event, send, settle
from tests.invoicing.language import at, per_unit, price, used
from tests.invoicing.test_exchanged_prices import rate
from tests.payments.language import open_order, reported
from tests.payments.test_disputes import tell
from tests.reconciliation.language import OURS, run

pytestmark = pytest.mark.django_db


def billed(customer: Organisation, month: str, on: str) -> Invoice:
    with at(f"{on} 10:00"):
        draft = drafting.create_draft(organisation=customer, period=BillingPeriod.parse(month))
        invoice = issuing.finalize_invoice(invoice_id=draft.pk)
        stored = store_pdf(invoice)
    Invoice.objects.filter(pk=invoice.pk).update(pdf=stored.name, pdf_sha256=stored.sha256, pdf_state="ready")
    return invoice


def paid(invoice: Invoice, amount: str, reference: str, on: str) -> Any:
    with at(f"{on} 11:00"):
        return record_offline_payment(
            invoice_id=invoice.pk, amount=Decimal(amount), method="bank_transfer", reference=reference,
            received_on=date.fromisoformat(on), accept_overpayment=True,
        )  # fmt: skip


@pytest.fixture
def _quarter(own_media: None, acme: Organisation, globex: Organisation, project: Project) -> None:
    Metric.objects.create(organisation=None, name="api_calls", unit="call")
    acme.strict_metrics = True
    acme.save()
    per_unit("2.00")
    price({"model": "graduated", "tiers": [{"up_to": "5", "unit_price": "3"}, {"up_to": None, "unit_price": "1"}]},
          metric_name="seats", unit="seat")  # fmt: skip
    Metric.objects.create(organisation=acme, name="seats", unit="seat", aggregation="max")
    _august(acme, project)
    _september(acme, project)
    _october(acme, globex, project)


def _august(acme: Organisation, project: Project) -> None:
    """Usage twice and in vain; paid in two parts, of which one bounces."""
    with at("2026-08-10 12:00"):
        partitions.ensure_partitions()
        for _twice in range(2):
            send(project, event("a1", "100"), event("a1", "100"), event("a2", "50"))
        send(project, event("mistyped", "7", metric_name="seats", unit="bunch"))
        settle()
    used(project, 7, on="2026-08-11", metric="seats", unit="seat")
    with at("2026-08-12 12:00"):
        letter = DeadLetter.objects.get()
        dead_letters.replay_edited(
            letter_id=letter.pk,
            event=event("mistyped", "7", timestamp="2026-08-10T12:00:00+05:30"),
            by="olga",
            reason="The unit was mistyped.",
        )
        settle()
    invoice = billed(acme, "2026-08", "2026-09-01")
    paid(invoice, "100", "A1", "2026-09-02")
    bounced = paid(invoice, "50", "A2", "2026-09-03")
    with at("2026-09-04 10:00"):
        reverse_payment(payment_id=bounced.pk, reason="The cheque bounced.")
    paid(invoice, "500", "A3", "2026-09-05")  # more than is due


def _september(acme: Organisation, project: Project) -> None:
    """Late usage of August; a correction of August's; paid by card, disputed, and lost."""
    used(project, 40, on="2026-09-10", happened="2026-08-20T10:00:00+05:30")
    used(project, 60, on="2026-09-11")
    with at("2026-09-12 10:00"):
        correct_usage(
            organisation=acme, project=project, event_id="a2", action="void", reason="Sent by a test.", by="olga"
        )
    invoice = billed(acme, "2026-09", "2026-10-01")
    with at("2026-10-02 10:00"):
        order = open_order(invoice)
        apply_payment_report(order_id=order.pk, report=reported(order))
    with at("2026-10-05 10:00"):
        tell("lost", deducted=5_000, later=1)


def _october(acme: Organisation, globex: Organisation, project: Project) -> None:
    """Another currency; a credit note for all, and the money given back."""
    price({"model": "per_unit", "unit_price": "0.10"}, currency="USD")
    rate("88.50", "2026-11-04")
    used(project, 30, on="2026-10-31")
    used(_project_of(globex), 500, on="2026-10-15")
    invoice = billed(acme, "2026-10", "2026-11-01")
    payment = paid(invoice, f"{invoice.total}", "O1", "2026-11-02")
    with at("2026-11-03 10:00"):
        unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="The contract was cancelled.")
        issue_credit_note(invoice_id=invoice.pk, lines=None, why=Why("cancelled"), send=False)
    with at("2026-11-04 10:00"):
        record_refund(payment_id=payment.pk, amount=payment.amount, reference="BACK1", refunded_on=date(2026, 11, 4))
    billed(globex, "2026-10", "2026-11-05")


def _project_of(owner: Organisation) -> Project:
    return Project.objects.get_or_create(organisation=owner, name="Main")[0]


@pytest.mark.usefixtures("_quarter")
def test_no_check_finds_anything_in_a_quarter_where_all_is_right() -> None:
    with at("2026-11-06 12:00"):
        done = run(date(2026, 8, 1), date(2026, 11, 5), *OURS)
    said = {check.check_name: (check.status, check.found, check.compared > 0) for check in done.checks.all()}
    assert said == dict.fromkeys(OURS, ("done", 0, True)), list(Discrepancy.objects.values("kind", "about", "found"))
