"""The demo's mandates: one that stands and paid an invoice, one that its payer ended, one that a bank rejected.

Razorpay's side of them is told, as its answers would tell it: the demo is made before the sandbox runs.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from payments.gateways import GatewayPayment
from payments.gateways.values import Failure, GatewayToken
from payments.models import Mandate, MandateCharge, PayerAccount, PaymentOrder
from payments.services.mandates import emails, tokens
from payments.services.mandates.charging import charge_time
from payments.services.mandates.new_debit import new_debit_order
from payments.services.payment_reports import apply_payment_report

DEBITS_FROM = time(hour=7, minute=30)  # UTC: 13:00 in India, when UPI's busy hours are over


def make_mandates(organisations: dict[str, Organisation], *, month: BillingPeriod) -> None:
    """Registered in the month; what is issued later, of the month itself in the month after, is debited."""
    nandi, konkan, kaveri = (organisations[name] for name in ("Nandi Logistics", "Konkan Retail", "Kaveri Foods"))
    with clock.standing_at(datetime.combine(month.start + timedelta(days=2), time(hour=6), UTC)):
        stands = _registered(kaveri, 1, "upi", "kaveri.foods@okhdfc", "confirmed")
        ended = _registered(konkan, 2, "emandate", "ICIC account ending in 2290", "confirmed")
        _registered(nandi, 3, "card", "Visa ending in 1007", "rejected", "The issuer does not take mandates.")
    _debit(stands, Invoice.objects.get(organisation=kaveri), "")
    _debit(ended, Invoice.objects.get(organisation=konkan, period_start=month.start), "mandate_cancelled")
    tokens.apply_token(ended.pk, _token(ended, "cancelled", "The payer cancelled it at the bank."))


def _registered(
    organisation: Organisation, number: int, method: str, shown_as: str, status: str, reason: str = ""
) -> Mandate:
    account = PayerAccount.objects.create(
        organisation=organisation,
        billing_entity=organisation.billing_entity,
        email=organisation.billing_email,
        phone=f"+9198765432{number:02}",
        razorpay_customer_id=f"cust_Demo{number:010}",
    )
    mandate: Mandate = Mandate.objects.create(
        account=account,
        method=method,
        max_amount=Decimal(15_000) if method != "emandate" else Decimal(500_000),
        expires_at=clock.now() + timedelta(days=3650),
        asked_by="demo data",
        status=Mandate.Status.INITIATED,
        next_attempt_at=None,
        sent_at=clock.now(),
        razorpay_order_id=f"order_Demo{number:010}",
        razorpay_token_id=f"token_Demo{number:010}",
    )
    mandate.shown_as = shown_as
    return tokens.apply_token(mandate.pk, _token(mandate, status, reason))


def _token(mandate: Mandate, status: str, reason: str = "") -> GatewayToken:
    return GatewayToken(
        id=mandate.razorpay_token_id or "",
        customer_id=mandate.account.razorpay_customer_id,
        method=mandate.method,
        status=status,
        failure_reason=reason,
        max_amount_minor=int(mandate.max_amount * 100),
        expires_at=mandate.expires_at,
        shown_as=mandate.shown_as,
        created_at=clock.now(),
    )


def _debit(mandate: Mandate, invoice: Invoice, failure: str) -> None:
    """Announced on the day after the invoice's, debited a day later; with the bank's answer. At the latest now."""
    day = (invoice.issue_date or clock.now().date()) + timedelta(days=2)
    debited_at = min(datetime.combine(day, DEBITS_FROM, UTC), clock.now())
    notified_at = debited_at - timedelta(hours=26)
    with clock.standing_at(notified_at):
        charge = MandateCharge(
            invoice=invoice,
            mandate=mandate,
            cause=MandateCharge.Cause.ISSUED,
            amount=invoice.amount_due,
            order=_order_at_razorpay(new_debit_order(invoice, mandate), mandate),
            charge_after=charge_time(mandate.method, notified_at),
        )
        charge.notice = emails.queue_notice(
            invoice, mandate, token=charge.public_token, charge_after=charge.charge_after or notified_at
        )
        charge.save()
    sent = Notification.objects.filter(pk=charge.notice.pk)
    sent.update(status=Notification.Status.SENT, sent_at=notified_at, next_attempt_at=None)
    with clock.standing_at(debited_at):
        MandateCharge.objects.filter(pk=charge.pk).update(
            status=MandateCharge.Status.ASKED, notified_at=notified_at, asked_at=debited_at
        )
        apply_payment_report(order_id=charge.order.pk, report=_answer(charge, failure))  # type: ignore[union-attr]  # made above


def _order_at_razorpay(order: PaymentOrder, mandate: Mandate) -> PaymentOrder:
    """As after Razorpay's answer: asked for, and known by its id."""
    order.sent_at, order.status = clock.now(), PaymentOrder.Status.OPEN
    order.razorpay_order_id = (mandate.razorpay_order_id or "").replace("Demo0", "Debit")
    order.save()
    return order


def _answer(charge: MandateCharge, failure: str) -> GatewayPayment:
    order = charge.order
    assert order is not None  # noqa: S101  (made by the caller)
    fee = 0 if failure else order.amount_minor * 236 // 10_000
    return GatewayPayment(
        id=f"pay_Debit{str(charge.pk).replace('-', '')[-9:]}",
        order_id=order.razorpay_order_id or "",
        status="failed" if failure else "captured",
        is_captured=not failure,
        method=charge.mandate.method,
        amount_minor=order.amount_minor,
        currency=order.currency,
        amount_refunded_minor=0,
        fee_minor=fee,
        tax_minor=fee * 18 // 118,
        failure=Failure(
            "BAD_REQUEST_ERROR", "The payer has cancelled the mandate.", "customer", "payment_debit", failure
        )
        if failure
        else Failure(),
        created_at=clock.now(),
    )
