"""The demo's prices, invoices and payments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from billing_platform.demo.cast import LEVEL, METRICS, PRICES, RECEIPTS, Receipt
from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME, withholding_code
from billing_platform.lib.money import round_money
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.services.metrics import define_metric
from invoicing.computing.credit_notes import Wanted
from invoicing.models import CreditNote, Invoice
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.prices.price_book import create_pricing_rule
from invoicing.services.runs.billing_run import process_item, start_billing_run
from invoicing.services.safety_bounds import set_safety_bounds
from invoicing.services.terms.discounts import add_discount
from invoicing.services.terms.minimum_charges import add_minimum_charge
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import BillingEntity, BillingHold, Organisation
from organisations.operators_clock import operators_today
from organisations.scoping import Actor
from organisations.services.holds import place_hold
from organisations.services.notes import write_note
from payments.models import JournalBatch, Payment
from payments.services.dunning import reminders
from payments.services.dunning.pauses import note_promise
from payments.services.journals.exporting import export_journal
from payments.services.journals.ledgers import USUAL, set_ledgers
from payments.services.offline import record_offline_payment
from payments.services.on_account import record_payment_on_account
from payments.services.refunds import record_refund
from payments.services.short_payments import record_short_payment
from payments.services.withheld_tax import value_without_gst
from payments.withholding import tax_at


def make_prices(organisations: dict[str, Organisation], *, actor: Actor) -> None:
    this_month = clock.today(INDIAN_TIME).replace(day=1)
    for (name, unit), (display_name, one, many) in METRICS.items():
        define_metric(
            actor=actor,
            organisation=None,
            name=name,
            unit=unit,
            aggregation=Metric.Aggregation.WEIGHTED_SUM if (name, unit) == LEVEL else Metric.Aggregation.SUM,
            display_name=display_name,
            unit_name=one,
            unit_name_plural=many,
        )
    for owner, metric, unit, currency, price in PRICES:
        create_pricing_rule(
            organisation=organisations[owner] if owner else None,
            metric_name=metric,
            unit=unit,
            currency=currency,
            price={"model": "per_unit", "unit_price": price},
            effective_from=(this_month - timedelta(days=200)).replace(day=1),
        )


def make_exceptions(organisations: dict[str, Organisation]) -> None:
    """Give a customer bounds of its own, hold the collection of another, and note when to ask for its new account."""
    set_safety_bounds(
        organisation=organisations["Konkan Retail"],
        times=Decimal(5),
        reason="Usage multiplies in the weeks before Diwali.",
    )
    place_hold(
        organisation=organisations["Lakeside Software"],
        kind=BillingHold.Kind.NO_COLLECTION,
        reason="Their bank changes; they pay after it.",
        placed_by="demo data",
    )
    write_note(
        organisation=organisations["Lakeside Software"],
        text="Dana said that the new account opens this week. Ask for it, then lift the hold.",
        written_by="demo data",
        follow_up_on=operators_today(),
    )


def credit_messages(invoice: Invoice) -> None:
    """Credit a hundred messages that were counted and never delivered."""
    line = invoice.lines.get(metric_name="sms")
    issue_credit_note(
        invoice_id=invoice.pk,
        lines=[Wanted(position=line.position, quantity=Decimal(100))],
        why=Why(CreditNote.Reason.DEFICIENCY, "A hundred text messages were not delivered."),
    )


def book(seller: BillingEntity, *, until: date) -> None:
    """Name the seller's ledgers, and export what was issued and paid in the three months before that day to Tally."""
    set_ledgers(seller=seller, names=USUAL, sales={})
    first = (until - timedelta(days=75)).replace(day=1)
    export_journal(seller=seller, program=JournalBatch.Program.TALLY.value, first=first, last=until - timedelta(days=1))


def make_terms(organisations: dict[str, Organisation]) -> None:
    """Make a fee, a minimum and a discount, all from the month that is running: the invoiced ones stay as they are."""
    nandi, konkan = organisations["Nandi Logistics"], organisations["Konkan Retail"]
    begins = clock.today(INDIAN_TIME).replace(day=1)
    add_recurring_fee(
        organisation=nandi, description="Premium support", amount=Decimal("4500.00"), effective_from=begins
    )
    add_minimum_charge(organisation=konkan, amount=Decimal("1000.00"), currency="INR", effective_from=begins)
    add_discount(organisation=nandi, name="Launch offer", percent=Decimal(10), times=3, effective_from=begins)


def bill(month: BillingPeriod) -> None:
    """Run billing as of the first of the next month, when the month has ended in all time zones."""
    with clock.standing_at(datetime.combine(month.end, time(hour=7), UTC)):
        rate = Decimal("84.1250") + month.start.month * Decimal("0.0625")
        add_exchange_rate(base="USD", target="INR", rate=rate, as_of=month.end, source="Demo reference rate")
        run = start_billing_run(period=month, requested_by="demo data")
        for item in run.items.all():
            process_item(item_id=item.pk)


def invoice_of(organisation: Organisation, *, month: BillingPeriod) -> Invoice:
    invoice: Invoice = Invoice.objects.get(organisation=organisation, period_start=month.start)
    return invoice


def collect(organisations: dict[str, Organisation], *, current: BillingPeriod) -> None:
    """Record bank transfers and TDS certificates, as of the twelfth day of the next month."""
    months = [current, current.previous(), current.previous().previous()]
    for receipt in RECEIPTS:
        month = months[receipt.months_ago]
        invoice = invoice_of(organisations[receipt.customer], month=month)
        day = min(month.end + timedelta(days=12), clock.today(INDIAN_TIME))
        with clock.standing_at(datetime.combine(day, time(hour=6), UTC)):
            payment = _record(receipt, invoice, month)
            _give_back_excess(payment, invoice)


def pay_on_account(organisation: Organisation, *, month: BillingPeriod) -> None:
    """Record a transfer that pays the invoice of a month; 500.00 more wait for the next, which is not issued yet."""
    day = min(month.end + timedelta(days=12), clock.today(INDIAN_TIME))
    with clock.standing_at(datetime.combine(day, time(hour=6), UTC)):
        record_payment_on_account(
            organisation_id=organisation.pk,
            amount=invoice_of(organisation, month=month).amount_due + 500,
            method="bank_transfer",
            reference=f"DEMO-{month}-ON-ACCOUNT",
            received_on=day,
            oldest_first=True,
        )


def remind(current: BillingPeriod) -> None:
    """What the reminder job did in the last weeks, at 09:00 in India and when it is day in Europe and America; and what
    late payers promised."""
    last = clock.today("Asia/Kolkata")
    first = current.start - timedelta(days=20)
    days = (first + timedelta(days=number) for number in range((last - first).days))
    for instant in (datetime.combine(day, at, UTC) for day in days for at in (time(3, 30), time(15))):
        with clock.standing_at(instant):
            for invoice_id in reminders.invoices_to_remind():
                reminders.send_due_reminder(invoice_id=invoice_id)
    _promise(last)


def _promise(today: date) -> None:
    """The latest payer says by when they will pay; another one said so a week ago, and did not pay."""
    late = Invoice.objects.overdue(today).order_by("due_date", "number").first()
    if late is None:
        return
    note_promise(
        invoice_id=late.pk,
        last_day=today + timedelta(days=4),
        note="Their accountant is back on Monday, by phone.",
        placed_by="demo data",
    )
    week_ago = today - timedelta(days=7)
    others = Invoice.objects.overdue(week_ago).exclude(organisation=late.organisation)
    broken = others.order_by("due_date", "number").first()
    if broken is not None:
        with clock.standing_at(datetime.combine(week_ago, time(6), UTC)):
            last_day, note = today - timedelta(days=2), "They are moving banks, by e-mail."
            note_promise(invoice_id=broken.pk, last_day=last_day, note=note, placed_by="demo data")


def _record(receipt: Receipt, invoice: Invoice, month: BillingPeriod) -> Payment:
    part = invoice.amount_due if receipt.share is None else invoice.total * receipt.share
    if receipt.withheld:
        return _record_short(receipt, invoice, part, month)
    return record_offline_payment(
        invoice_id=invoice.pk,
        amount=round_money(part, invoice.currency),
        method=receipt.method,
        reference=f"DEMO-{month}-{invoice.organisation.slug}".upper(),
        received_on=clock.today(INDIAN_TIME),
        accept_overpayment=True,
    )


def _record_short(receipt: Receipt, invoice: Invoice, part: Decimal, month: BillingPeriod) -> Payment:
    code = withholding_code(receipt.withheld, clock.today(INDIAN_TIME))
    rate = code.rates[0] if code else Decimal(0)
    withheld = tax_at(rate, value_without_gst(invoice, part), invoice.currency)
    return record_short_payment(
        invoice_id=invoice.pk,
        amount=round_money(part, invoice.currency) - withheld,
        tds_amount=withheld,
        section_code=receipt.withheld,
        method=receipt.method,
        reference=f"DEMO-{month}-{invoice.organisation.slug}".upper(),
        received_on=clock.today(INDIAN_TIME),
    )


def _give_back_excess(payment: Payment, invoice: Invoice) -> None:
    if payment.amount > invoice.total:
        record_refund(
            payment_id=payment.pk,
            amount=payment.amount - invoice.total,
            reference=f"REFUND-{payment.reference}",
            refunded_on=clock.today(INDIAN_TIME),
        )
