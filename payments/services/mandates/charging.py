"""Debit a mandate for an invoice: announced to the payer, a day later asked for at Razorpay, then its outcome.

The payer gets our notice with the row, and Razorpay's own notice with the order. The bank is asked at the time that the
notice named, if all still stands then: the amount due, the mandate, no other payment on its way, no hold. Our row says
that the bank is asked before it is asked, and an answer that got lost is looked up by the order's payments: nothing is
debited twice. The outcome comes by webhook, or is looked up every few hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from billing_platform.lib import clock, law
from billing_platform.lib.errors import DomainError, NotFound
from billing_platform.lib.money import Money, to_minor
from billing_platform.lib.work import claims
from billing_platform.lib.work.waking import wake_on_commit
from invoicing.models import Invoice
from organisations.notifications.tracking import have_it
from payments.errors import NotChargeable
from payments.gateways import GatewayError, GatewayRefused, RazorpayGateway
from payments.models import Mandate, MandateCharge, PaymentOrder
from payments.services import collection
from payments.services.checkout import refresh_order
from payments.services.crediting import lock_customer_money
from payments.services.debit_outcomes import lock_debit, withdraw_debits
from payments.services.mandates import emails
from payments.services.mandates.choosing import (
    is_being_paid,
    mandate_for,
    why_not_by_itself,
    why_not_chargeable,
    why_over_the_limit,
)
from payments.services.mandates.new_debit import new_debit_order
from payments.services.mandates.payers import payer_details
from payments.services.mandates.refusals import end_without_payment
from payments.services.mandates.tokens import gateway_of_payer, refresh_token

Status, Cause = MandateCharge.Status, MandateCharge.Cause
LIVE = (Status.ANNOUNCED, Status.ASKED)

NOTICE_MARGIN = timedelta(hours=1)
"""Added to the law's day: the e-mail needs a while to leave, and Razorpay debits 25 hours after its own notice."""
LOOK_EVERY = timedelta(hours=3)
"""How often we ask for an outcome that no message brought."""
NOTICE_MAY_TAKE = timedelta(hours=6)
"""How long a debit waits for its notice to leave, beyond its time."""
OVER_THE_LIMIT = ("MANDATE_LIMIT", "DEBIT_NEEDS_APPROVAL")


def charge_invoice(*, invoice_id: UUID, cause: str) -> MandateCharge:
    """Announce that an invoice's amount due is debited by its customer's mandate, a day from now or a little later.

    The outcome is asynchronous: the charge's status becomes `captured` or `failed`; `cancelled` if the payer opts out
    or pays otherwise before. `cause`: issued | retry | operator. Raises DomainError: INVOICE_NOT_COLLECTABLE,
    NOT_PAYABLE_ONLINE, GATEWAY_NOT_CONFIGURED, MANDATE_MISSING, AUTO_COLLECT_OFF, ON_HOLD, COLLECTION_PAUSED,
    NO_NOTICE_POSSIBLE, MANDATE_CURRENCY, CHARGE_IN_PROGRESS, PAYMENT_IN_PROGRESS, UPI_TRIES_USED_UP, MANDATE_LIMIT, or
    DEBIT_NEEDS_APPROVAL. Then a link is the way to collect.
    """
    with transaction.atomic():
        invoice = _locked(invoice_id)
        mandate = mandate_for(invoice)
        known = why_not_chargeable(invoice, mandate, by_hand=cause == Cause.OPERATOR)
        if known is not None or mandate is None:
            raise known or NotChargeable("The customer has no confirmed mandate.", code="MANDATE_MISSING")
        return _announce(invoice, mandate, cause)


def collect_by_mandate(*, invoice_id: UUID) -> MandateCharge | None:
    """What the sweep does with an issued invoice: announce its debit. If the amount is above a limit, note that, and
    tell the customer to pay on the pay page. None if the invoice is to be left alone for now."""
    try:
        return charge_invoice(invoice_id=invoice_id, cause=Cause.ISSUED)
    except NotChargeable as known:
        return _refuse(invoice_id, known) if known.code in OVER_THE_LIMIT else None
    except DomainError:
        return None


def process_charge(*, charge_id: UUID) -> bool:
    """Take the step that is due. Says whether it succeeded; a failure is stored on the row."""
    rows = MandateCharge.objects.live().select_related("invoice__organisation", "mandate__account", "order")
    charge = claims.claim(rows, charge_id)
    if charge is None:
        return False
    try:
        gateway = gateway_of_payer(charge.mandate.account)
        again = (_ask if charge.status == Status.ANNOUNCED else _look)(gateway, charge)
    except GatewayError as error:
        if isinstance(error, GatewayRefused) and not error.transient:
            end_without_payment(charge, error.message)
            return False
        claims.note_failure(charge, error)
        return False
    if again is not None:
        claims.let_go(charge, after=again)
    return True


def may_be_tried_now(charge: MandateCharge) -> bool:
    """It waits after a failure, or for the bank's answer, which can be looked up at any time."""
    return charge.may_be_tried_now or charge.status == Status.ASKED


@transaction.atomic
def try_now(*, charge_id: UUID) -> MandateCharge:
    """Have a worker take the next step at once, no sooner than the notice allows. Raises DomainError
    CHARGE_NOT_WAITING."""
    charge: MandateCharge = MandateCharge.objects.select_for_update().get(pk=charge_id)
    if not may_be_tried_now(charge):
        raise DomainError("Nothing of this debit waits.", code="CHARGE_NOT_WAITING")
    charge.save(update_fields=charge.try_now())
    wake_on_commit("payments.tasks.process_charge", charge.pk)
    return charge


def charge_time(method: str, notified_at: datetime) -> datetime:
    """The first moment at which a payer who was notified then may be debited: 24 hours later at the earliest, and for
    UPI outside its busy hours. 27 November, 09:30 becomes 28 November, 13:00 for UPI."""
    on = notified_at.astimezone(law.INDIAN_TIME).date()
    earliest = notified_at + law.in_force(law.DEBIT_NOTICE, on) + NOTICE_MARGIN
    return law.outside_busy_hours(earliest) if method == Mandate.Method.UPI else earliest


def _locked(invoice_id: UUID) -> Invoice:
    invoice = Invoice.objects.filter(pk=invoice_id).only("organisation_id").first()
    if invoice is None:
        raise NotFound("There is no such invoice.")
    lock_customer_money(invoice.organisation_id)
    rows = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("organisation", "billing_entity")
    locked: Invoice = rows.get(pk=invoice_id)
    return locked


def _announce(invoice: Invoice, mandate: Mandate, cause: str) -> MandateCharge:
    charge_after = charge_time(mandate.method, clock.now())
    charge = MandateCharge(
        invoice=invoice,
        mandate=mandate,
        cause=cause,
        amount=invoice.amount_due,
        charge_after=charge_after,
        order=new_debit_order(invoice, mandate),
    )
    charge.notice = emails.queue_notice(invoice, mandate, token=charge.public_token, charge_after=charge_after)
    charge.save()
    wake_on_commit("payments.tasks.process_charge", charge.pk)
    return charge


@transaction.atomic
def _refuse(invoice_id: UUID, known: NotChargeable) -> MandateCharge | None:
    """A row that says why; the customer hears it once, with the way to pay."""
    invoice = _locked(invoice_id)
    mandate = mandate_for(invoice)
    if mandate is None or why_over_the_limit(invoice.amount_due, mandate) is None:
        return None
    charge, is_new = MandateCharge.objects.get_or_create(
        invoice=invoice,
        mandate=mandate,
        amount=invoice.amount_due,
        status=Status.REFUSED,
        defaults={
            "cause": Cause.ISSUED,
            "reason": known.message[:255],
            "failure_code": known.code,
            "ended_at": clock.now(),
            "next_attempt_at": None,
        },
    )
    if is_new:
        emails.queue_not_debited([charge.pk])
    return charge


def _ask(gateway: RazorpayGateway, charge: MandateCharge) -> timedelta | None:
    """Make the order, with which Razorpay notifies the payer; at the time that the notices named, ask the bank."""
    assert charge.order is not None and charge.charge_after is not None  # noqa: S101, PT018  (constraints of the table)
    if charge.order.status == PaymentOrder.Status.CREATED:
        _make_order(gateway, charge, charge.order)
    now = clock.now()
    if now < charge.charge_after:
        return charge.charge_after - now
    return _debit_if_all_stands(gateway, charge)


def _debit_if_all_stands(gateway: RazorpayGateway, charge: MandateCharge) -> timedelta | None:
    may_debit, pause = _begin(charge, refresh_token(gateway, charge.mandate))
    if may_debit:
        _debit(gateway, charge)
        return LOOK_EVERY
    return pause


def _make_order(gateway: RazorpayGateway, charge: MandateCharge, order: PaymentOrder) -> None:
    found = gateway.find_order(receipt=order.receipt) if order.sent_at is not None else None
    if found is None:
        PaymentOrder.objects.filter(pk=order.pk, sent_at__isnull=True).update(sent_at=clock.now())
        found = gateway.create_recurring_order(
            receipt=order.receipt,
            amount_minor=order.amount_minor,
            currency=order.currency,
            notes={"invoice": charge.invoice.number, "mandate_charge": str(charge.pk)},
            token_id=charge.mandate.razorpay_token_id or "",
            charge_after=charge.charge_after,
        )
    collection.confirm(order, found)
    order.refresh_from_db()


@transaction.atomic
def _begin(charge: MandateCharge, mandate: Mandate) -> tuple[bool, timedelta | None]:
    """Decide under the customer's lock whether the bank is asked now: then the row says `asked`, and the caller asks.
    If not, after which pause to look again; None if the debit is cancelled, or another worker has it.

    Also of a debit that was asked for and never arrived at Razorpay: what was paid meanwhile is not debited as well.
    """
    invoice = _locked(charge.invoice_id)
    row = lock_debit(MandateCharge.objects.filter(pk=charge.pk).select_related("order", "notice"))
    if row is None or row.status not in LIVE or row.claimed_until != charge.claimed_until:
        return False, None
    known, is_told = _why_not_any_more(row, invoice, mandate)
    if known:
        withdrawn = withdraw_debits(MandateCharge.objects.filter(pk=row.pk), known, only=row.status)
        if is_told:
            emails.queue_not_debited(withdrawn)
        return False, None
    pause = _pause(row, mandate)
    if pause is None and row.status == Status.ANNOUNCED:
        row.status, row.asked_at = Status.ASKED, clock.now()
        row.save(update_fields=["status", "asked_at", "updated_at"])
    return pause is None, pause


def _why_not_any_more(charge: MandateCharge, invoice: Invoice, mandate: Mandate) -> tuple[str, bool]:
    """The reason as a sentence, "" if all still stands; and whether the payer is to hear that it has to pay itself."""
    order, notice = charge.order, charge.notice
    assert order is not None and notice is not None  # noqa: S101, PT018  (constraints of the table)
    if not invoice.is_collectable or invoice.amount_due != charge.amount:
        return "The amount due has changed: a new debit needs a new notice.", False
    if order.status != PaymentOrder.Status.OPEN:
        return f"Its request at Razorpay is {order.get_status_display().lower()}.", False
    if mandate.cancel_requested_at is not None:
        return gettext_noop("The mandate is being ended."), True
    if mandate.status != Mandate.Status.CONFIRMED:
        return f"The mandate is {mandate.get_status_display().lower()}.", True
    if is_being_paid(invoice):
        return "The customer is paying in another way.", False
    known = why_not_by_itself(invoice) if charge.cause != Cause.OPERATOR else None
    if known is not None:
        return known.message, known.code == "AUTO_COLLECT_OFF"
    over = why_over_the_limit(charge.amount, mandate)
    if over is not None:
        return over.message, True
    assert charge.charge_after is not None  # noqa: S101  (a constraint of the table)
    is_late = clock.now() > charge.charge_after + NOTICE_MAY_TAKE and notice.sent_at is None
    if is_late or not have_it([notice]):
        return gettext_noop("The notice could not be sent, so nothing may be debited."), True
    return "", False


def _pause(charge: MandateCharge, mandate: Mandate) -> timedelta | None:
    """How long to wait still: for the notice to leave, for a day after it left, for the end of UPI's busy hours."""
    now, notice = clock.now(), charge.notice
    assert notice is not None  # noqa: S101  (a constraint of the table)
    if notice.sent_at is None:
        return timedelta(minutes=10)
    if charge.notified_at is None:
        charge.notified_at = notice.sent_at
        charge.save(update_fields=["notified_at", "updated_at"])
    on = charge.notified_at.astimezone(law.INDIAN_TIME).date()
    earliest = max(now, charge.notified_at + law.in_force(law.DEBIT_NOTICE, on))
    if mandate.method == Mandate.Method.UPI:
        earliest = law.outside_busy_hours(earliest)
    return earliest - now if earliest > now else None


def _debit(gateway: RazorpayGateway, charge: MandateCharge) -> None:
    """Ask the bank. The row says so already: after an answer that got lost, the order's payments are looked up."""
    account, order = charge.mandate.account, charge.order
    assert order is not None  # noqa: S101  (a constraint of the table)
    payment_id = gateway.charge(
        order_id=order.razorpay_order_id or "",
        customer_id=account.razorpay_customer_id,
        token_id=charge.mandate.razorpay_token_id or "",
        amount_minor=to_minor(Money(charge.amount, law.RUPEES)),
        currency=law.RUPEES,
        payer=payer_details(account),
        description=f"Invoice {charge.invoice.number}",
        notes={"invoice": charge.invoice.number, "mandate_charge": str(charge.pk)},
    )
    MandateCharge.objects.filter(pk=charge.pk).update(razorpay_payment_id=payment_id, updated_at=clock.now())


def _look(gateway: RazorpayGateway, charge: MandateCharge) -> timedelta | None:
    """The bank was asked: what came of it? If Razorpay knows of no payment, our question never arrived: it is asked
    again, if all still stands."""
    assert charge.order_id is not None  # noqa: S101  (a constraint of the table)
    payments = refresh_order(order_id=charge.order_id)
    if not payments and not charge.razorpay_payment_id:
        return _debit_if_all_stands(gateway, charge)
    charge.refresh_from_db(fields=["status"])
    return LOOK_EVERY if charge.status == Status.ASKED else None
