"""Ask a payer for a mandate: our row, a registration link at Razorpay, an e-mail; then what became of it.

Our row is written first, Razorpay is called outside transactions, and the link is looked up by our receipt before it is
asked for a second time. `process_mandate` takes whatever step is due, and may run twice or die anywhere.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock, law
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.money import Money, round_money, to_minor
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.work import claims
from billing_platform.lib.work.waking import wake_on_commit
from organisations.models import BillingEntity, Organisation
from payments.gateways import (
    GatewayError,
    GatewayRefused,
    RazorpayGateway,
)
from payments.gateways.values import GatewayRegistration, MandateTerms
from payments.models import AutoCollect, Mandate, PayerAccount
from payments.selectors import account_in_use
from payments.services.crediting import lock_customer_money
from payments.services.gateway_accounts import gateway_for
from payments.services.mandates import emails
from payments.services.mandates.payers import payer_details
from payments.services.mandates.tokens import gateway_of_payer, learn_registration, revoke

Status, Method = Mandate.Status, Mandate.Method

LINK_LASTS = timedelta(days=14)
LOOK_EVERY = timedelta(hours=6)
"""How often we ask about a mandate that its payer has not answered: webhooks may be lost."""
LIFE = timedelta(days=3650)
"""Razorpay's own default for a mandate without an end."""
UNDECIDED = (Status.REQUESTED, Status.INITIATED, Status.PAUSED)
"""What the payer does about it is looked up until it is over."""
LIMITS = {  # rupees, of one mandate at Razorpay
    Method.UPI: Decimal(99_999),
    Method.CARD: Decimal(15_000),
    Method.EMANDATE: Decimal(1_000_000),
}
_PHONE = re.compile(r"\+?[0-9]{8,15}")


@transaction.atomic
def request_mandate(
    *,
    organisation: Organisation,
    seller: BillingEntity,
    method: str,
    phone: str,
    max_amount: Decimal,
    asked_by: str,
    expires_at: datetime | None = None,
) -> Mandate:
    """Write down that a payer is asked for a mandate; a worker makes the link and mails it to the billing contact.

    One waits for a payer at a time: another request while the last one is unanswered raises DomainError
    MANDATE_WAITS, and one of a test customer TEST_CUSTOMER. Raises InvalidInput for a phone, amount or date that
    Razorpay would refuse, GATEWAY_NOT_CONFIGURED.
    """
    if organisation.is_test:
        raise DomainError("A test customer gives no mandate: no bank is asked for its money.", code="TEST_CUSTOMER")
    gateway_for(seller.pk)  # raises where there are no keys
    phone = re.sub(r"[\s()-]", "", phone)
    expires_at = expires_at or clock.now() + LIFE
    _check(method, phone, max_amount, expires_at)
    lock_customer_money(organisation.pk)
    account, _made = PayerAccount.objects.get_or_create(
        organisation=organisation,
        billing_entity=seller,
        gateway_account=account_in_use(seller.pk),
        email=organisation.billing_email,
        phone=phone,
    )
    if Mandate.objects.waiting_for_the_payer().filter(account__organisation=organisation).exists():
        raise DomainError("The payer has not answered the last request yet.", code="MANDATE_WAITS")
    mandate: Mandate = Mandate.objects.create(
        account=account, method=method, max_amount=max_amount, expires_at=expires_at, asked_by=asked_by
    )
    wake_on_commit("payments.tasks.process_mandate", mandate.pk)
    return mandate


def _check(method: str, phone: str, max_amount: Decimal, expires_at: datetime) -> None:
    if method not in LIMITS:
        raise InvalidInput.field("method", "Choose UPI, card or bank account.")
    if not _PHONE.fullmatch(phone):
        raise InvalidInput.field("phone", "A number has 8 to 15 digits, with the country code.")
    most = LIMITS[Method(method)]
    if not Decimal(1) <= max_amount <= most or max_amount != round_money(max_amount, law.RUPEES):
        text = f"From ₹1.00 to {format_money(most, law.RUPEES)} for a mandate of this kind."
        raise InvalidInput.field("max_amount", text)
    if expires_at <= clock.now():
        raise InvalidInput.field("expires_at", "The mandate must end in the future.")


@transaction.atomic
def switch_auto_collect(*, organisation: Organisation, is_on: bool) -> AutoCollect:
    """On: issued invoices are debited by the customer's mandate. Off: nothing new is announced or debited."""
    switch, _made = AutoCollect.objects.update_or_create(organisation=organisation, defaults={"is_on": is_on})
    return switch


@transaction.atomic
def cancel_mandate(*, mandate_id: UUID) -> Mandate:
    """Have Razorpay cancel it; the bank confirms it later. Raises DomainError MANDATE_OVER."""
    mandate: Mandate = Mandate.objects.select_for_update().get(pk=mandate_id)
    if not mandate.may_be_cancelled:
        raise DomainError("The mandate has ended already, or is being cancelled.", code="MANDATE_OVER")
    mandate.cancel_requested_at = clock.now()
    mandate.save(update_fields=["cancel_requested_at", *mandate.try_now()])
    wake_on_commit("payments.tasks.process_mandate", mandate.pk)
    return mandate


@transaction.atomic
def try_now(*, mandate_id: UUID) -> Mandate:
    """Have a worker take the next step at once. Raises DomainError MANDATE_NOT_WAITING."""
    mandate: Mandate = Mandate.objects.select_for_update().get(pk=mandate_id)
    if not may_be_tried_now(mandate):
        raise DomainError("Nothing of this mandate waits.", code="MANDATE_NOT_WAITING")
    if mandate.status == Status.FAILED:
        mandate.status = Status.REQUESTED
    mandate.save(update_fields=["status", *mandate.try_now()])
    wake_on_commit("payments.tasks.process_mandate", mandate.pk)
    return mandate


def may_be_tried_now(mandate: Mandate) -> bool:
    return mandate.may_be_tried_now or mandate.status == Status.FAILED or mandate.status in UNDECIDED


def process_mandate(*, mandate_id: UUID) -> bool:
    """Take the step that is due. Says whether it succeeded; a failure is stored on the row."""
    mandate = claims.claim(Mandate.objects.select_related("account__organisation"), mandate_id)
    if mandate is None:
        return False
    try:
        again = _step(gateway_of_payer(mandate.account), mandate)
    except GatewayError as error:
        is_final = isinstance(error, GatewayRefused) and not error.transient
        gives_up = is_final and mandate.status == Status.REQUESTED
        claims.note_failure(mandate, error, final=is_final, **({"status": Status.FAILED} if gives_up else {}))
        return False
    return claims.done(mandate) if again is None else claims.let_go(mandate, after=again)


def refresh_mandate(*, mandate_id: UUID) -> Mandate:
    """Ask Razorpay how the mandate stands now. Raises GatewayError."""
    mandate: Mandate = Mandate.objects.get(pk=mandate_id)
    learn_registration(gateway_of_payer(mandate.account), mandate)
    mandate.refresh_from_db()
    return mandate


def _step(gateway: RazorpayGateway, mandate: Mandate) -> timedelta | None:
    """After how long the next step is due; None if nothing waits."""
    if mandate.status == Status.REQUESTED and mandate.cancel_requested_at is None:
        _note_link(mandate, _find_or_create(gateway, mandate))
        return LOOK_EVERY
    if mandate.status in UNDECIDED and mandate.cancel_requested_at is None:
        learn_registration(gateway, mandate)
    if mandate.cancel_requested_at is not None and not mandate.is_over:
        revoke(gateway, mandate)
    _return_the_rupee(gateway, mandate)
    mandate.refresh_from_db(fields=["status"])
    is_to_end = mandate.cancel_requested_at is not None and not mandate.is_over
    return LOOK_EVERY if mandate.status in UNDECIDED or is_to_end else None


def _find_or_create(gateway: RazorpayGateway, mandate: Mandate) -> GatewayRegistration:
    found = gateway.find_registration(receipt=mandate.receipt) if mandate.sent_at is not None else None
    if found is not None:
        return found
    # Noted before the call: should this process die now, the next one looks up first.
    expires = clock.now() + LINK_LASTS
    Mandate.objects.filter(pk=mandate.pk).update(sent_at=clock.now(), link_expires_at=expires)
    mandate.link_expires_at = expires
    account = mandate.account
    return gateway.create_registration_link(
        receipt=mandate.receipt,
        amount_minor=0 if mandate.method == Method.EMANDATE else 100,
        currency=law.RUPEES,
        description=f"Mandate for invoices of {account.billing_entity.name}",
        payer=payer_details(account),
        terms=MandateTerms(
            method=mandate.method,
            max_amount_minor=to_minor(Money(mandate.max_amount, law.RUPEES)),
            expires_at=mandate.expires_at,
            frequency=mandate.frequency,
        ),
        expires_at=expires,
        notes={"mandate": str(mandate.pk)},
    )


@transaction.atomic
def _note_link(mandate: Mandate, link: GatewayRegistration) -> None:
    """Note the link and mail it. A webhook may have come first and moved the row on: then only the ids are new."""
    row = Mandate.objects.select_for_update().get(pk=mandate.pk)
    row.razorpay_registration_id, row.short_url = link.id, link.short_url
    row.razorpay_order_id = link.order_id or row.razorpay_order_id
    if row.status == Status.REQUESTED:
        row.status = Status.INITIATED
    row.save(update_fields=["razorpay_registration_id", "short_url", "razorpay_order_id", "status", "updated_at"])
    if link.customer_id:
        PayerAccount.objects.filter(pk=row.account_id).update(razorpay_customer_id=link.customer_id)
    emails.queue_invitation(row)


def _return_the_rupee(gateway: RazorpayGateway, mandate: Mandate) -> None:
    """The payment that registered the mandate is nobody's invoice: it is given back, once, by its own key."""
    mandate.refresh_from_db(fields=["razorpay_payment_id", "returned_at"])
    if not mandate.owes_the_rupee:
        return
    gateway.create_refund(
        payment_id=mandate.razorpay_payment_id, amount_minor=100, key=f"rupee-{mandate.pk}", receipt=mandate.receipt
    )
    Mandate.objects.filter(pk=mandate.pk).update(returned_at=clock.now())
