"""Late fees: once for each thirty days, on the next invoice with its tax, and not while nobody asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from billing_platform.lib.periods import BillingPeriod
from invoicing.models import Invoice, RecurringFee
from invoicing.services.drafting import create_draft
from invoicing.services.terms.recurring_fees import delete_recurring_fee
from organisations.models import Organisation
from payments.models import DunningRules, LateFee
from payments.services.dunning import late_fees, pauses
from tests.payments.language import issued_invoice

ISSUED, DUE = date(2026, 11, 2), date(2026, 11, 17)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=ZoneInfo("Asia/Kolkata")), tick=False) as traveller:
        yield traveller


@pytest.fixture
def bill(clock: Any, acme: Organisation) -> Invoice:
    acme.payment_terms_days = 15
    acme.save()
    DunningRules.objects.create(
        billing_entity=acme.billing_entity, late_fee_percent=Decimal("1.5"), late_fee_grace_days=2
    )
    return issued_invoice(acme)


def work(clock: Any, days_late: int) -> list[LateFee]:
    clock.move_to(datetime(2026, 11, 17, 9, tzinfo=ZoneInfo("Asia/Kolkata")) + timedelta(days=days_late))
    charged = []
    for invoice_id in late_fees.invoices_with_late_fees():
        charged += late_fees.charge_late_fees(invoice_id=invoice_id)
    return charged


def test_a_fee_is_a_taxed_line_of_the_next_invoice_and_is_charged_once(bill: Invoice, clock: Any) -> None:
    assert work(clock, 2) == []
    [fee] = work(clock, 3)
    assert (fee.number, fee.amount, fee.due_amount) == (1, Decimal("17.70"), Decimal("1180.00"))
    assert work(clock, 3) == work(clock, 10) == []

    draft = create_draft(organisation=bill.organisation, period=BillingPeriod.of(date(2026, 11, 1)))
    [line] = draft.lines.all()
    assert line.description == f"Late payment fee, invoice {bill.number} · November 2026"
    assert (line.amount, draft.tax_total, draft.total) == (Decimal("17.70"), Decimal("3.18"), Decimal("20.88"))
    assert line.sac == bill.lines.get().sac

    [second] = work(clock, 33)  # in December
    assert (second.number, second.charge.effective_from) == (2, date(2026, 12, 1))


def test_a_fee_that_a_person_takes_away_does_not_come_back(bill: Invoice, clock: Any) -> None:
    [fee] = work(clock, 3)
    delete_recurring_fee(fee_id=fee.charge_id)
    assert (work(clock, 4), RecurringFee.objects.count()) == ([], 0)
    fee.refresh_from_db()
    assert fee.charge is None


def test_nothing_is_charged_while_nobody_asks(bill: Invoice, clock: Any) -> None:
    clock.move_to(datetime(2026, 11, 18, 9, tzinfo=ZoneInfo("Asia/Kolkata")))
    pauses.pause(invoice_id=bill.pk, note="They dispute it", placed_by="asha")
    assert work(clock, 5) == []
    pauses.resume(invoice_id=bill.pk, ended_by="asha")
    assert [fee.number for fee in work(clock, 5)] == [1]


def test_all_fees_of_an_invoice_together_stay_within_the_bound(bill: Invoice, clock: Any) -> None:
    DunningRules.objects.update(late_fee_most=Decimal(2))  # of 1,180.00
    assert [fee.amount for fee in work(clock, 33)] == [Decimal("17.70"), Decimal("5.90")]
    assert work(clock, 63) == []
