"""Charge late fees: each is a fee of one month, so it stands on the customer's next invoice and is taxed there.

CGST Act, section 15 (2) (d): a late fee is a part of the value of the supply that was paid late, so the line has the
service code of the late invoice's largest line.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F

from billing_platform.lib import clock
from billing_platform.lib.money import ZERO
from invoicing.models import Invoice, RecurringFee
from invoicing.selectors.documents import invoice_document
from invoicing.services.prices.billed_months import lock_prices
from organisations.models import Organisation
from payments.dunning.late_fees import LateFeeRule
from payments.models import DunningRules, LateFee
from payments.models.dunning_rules import rules_of
from payments.services.dunning import quiet
from payments.services.next_invoice import charge_on_next_invoice


def invoices_with_late_fees(*, organisation: Organisation | None = None, limit: int = 1000) -> list[UUID]:
    """Overdue invoices of sellers that charge a late fee; of one customer, or of all but test customers. Which of them
    owe one more is asked of each."""
    rules = DunningRules.objects.exclude(late_fee_percent=0, late_fee_fixed=0)
    sellers = list(rules.values_list("billing_entity_id", flat=True))
    today = clock.today("Pacific/Kiritimati")  # the earliest place
    late = Invoice.objects.overdue(today).filter(billing_entity__in=sellers, currency=F("organisation__currency"))
    late = late.real() if organisation is None else late.filter(organisation=organisation)
    return list(late.order_by("due_date", "pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def charge_late_fees(*, invoice_id: UUID) -> list[LateFee]:
    """Charge what an invoice owes by today and was not charged yet. Nothing while its customer is held or the invoice
    is paused; afterwards the 30 days that have begun meanwhile are charged too."""
    lock_prices(to_change_them=True)  # before the invoice's row: issuing takes both in this order
    rows = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    invoice = rows.get(pk=invoice_id)
    rule = rules_of(invoice.billing_entity_id).late_fee
    if invoice.currency != invoice.organisation.currency or quiet.why_quiet(invoice):
        return []
    if rule.fixed > ZERO and invoice.currency != "INR":
        return []
    today = clock.today(invoice.organisation.time_zone)
    known = dict(LateFee.objects.filter(invoice=invoice).values_list("number", "amount"))
    fees = []
    for number in range(1, late_fee_count(invoice, rule, today) + 1):
        if number in known:
            continue
        charged = sum(known.values(), ZERO)
        amount = rule.amount(invoice.amount_due, invoice.currency, total=invoice.total, charged=charged)
        if amount > ZERO:
            fees.append(_charge(invoice, number, amount, today))
            known[number] = amount
    return fees


def late_fee_count(invoice: Invoice, rule: LateFeeRule, today: date) -> int:
    if not invoice.is_collectable or invoice.due_date is None:
        return 0
    return rule.periods(due=invoice.due_date, today=today)


def _charge(invoice: Invoice, number: int, amount: Decimal, today: date) -> LateFee:
    fee: LateFee = LateFee.objects.create(
        invoice=invoice,
        number=number,
        due_amount=invoice.amount_due,
        amount=amount,
        charge=_fee_line(invoice, number, amount, today),
    )
    return fee


def _fee_line(invoice: Invoice, number: int, amount: Decimal, today: date) -> RecurringFee:
    largest = max(invoice_document(invoice).lines, key=lambda line: line.amount, default=None)
    name = f"Late payment fee, invoice {invoice.number}" + (f", part {number}" if number > 1 else "")
    return charge_on_next_invoice(
        organisation=invoice.organisation,
        description=name,
        amount=amount,
        currency=invoice.currency,
        sac=largest.sac if largest else "",
        today=today,
    )
