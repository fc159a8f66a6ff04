"""What Razorpay says of a mandate (a token there) moves our row; and how a mandate is revoked.

A message about a token is only the occasion to ask: how the token stands now is what counts, so messages may come
twice, late and in any order.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from payments.gateways import GatewayRefused, RazorpayGateway, gateway_of_environment, is_configured
from payments.gateways.values import GatewayPayment, GatewayToken
from payments.models import Mandate, MandateCharge, PayerAccount
from payments.services.debit_outcomes import withdraw_debits
from payments.services.gateway_accounts import gateway_for
from payments.services.mandates import emails

Status = Mandate.Status
REACHABLE = {  # from → to: `status_moves_forward` of the model
    Status.REQUESTED: (Status.INITIATED, Status.CONFIRMED, Status.REJECTED, Status.CANCELLED, Status.EXPIRED),
    Status.INITIATED: (Status.CONFIRMED, Status.REJECTED, Status.CANCELLED, Status.PAUSED, Status.EXPIRED),
    Status.REJECTED: (Status.CONFIRMED,),
    Status.CONFIRMED: (Status.PAUSED, Status.CANCELLED, Status.EXPIRED),
    Status.PAUSED: (Status.CONFIRMED, Status.CANCELLED, Status.EXPIRED),
}
CAPTURED = ("captured", "refunded")


def gateway_of_payer(payer: PayerAccount) -> RazorpayGateway:
    """The account at Razorpay that knows the payer. Raises GatewayNotConfigured."""
    if payer.gateway_account is not None:
        return payer.gateway_account.gateway
    return gateway_of_environment() if is_configured() else gateway_for(payer.billing_entity_id)


def mandate_of_token(token_id: str) -> Mandate | None:
    """Our mandate that a token belongs to. A token's messages name neither our receipt nor its customer: while a payer
    registers, the payments of the registration's order are asked for. Raises GatewayError."""
    known: Mandate | None = Mandate.objects.filter(razorpay_token_id=token_id).first()
    if known is not None:
        return known
    waiting = Mandate.objects.waiting_for_the_payer().filter(razorpay_order_id__isnull=False)
    mandate: Mandate
    for mandate in waiting.order_by("-updated_at")[:50]:
        learn_registration(gateway_of_payer(mandate.account), mandate, and_token=False)
        if mandate.razorpay_token_id == token_id:
            return mandate
    return None


def learn_registration(gateway: RazorpayGateway, mandate: Mandate, *, and_token: bool = True) -> None:
    """Ask how the registration of a mandate stands. Raises GatewayError."""
    if mandate.razorpay_order_id:
        for payment in gateway.order_payments(order_id=mandate.razorpay_order_id):
            note_registration_payment(mandate.pk, payment)
    mandate.refresh_from_db()
    if and_token and mandate.razorpay_token_id:
        refresh_token(gateway, mandate)
    elif and_token and mandate.razorpay_registration_id:
        link = gateway.fetch_registration(registration_id=mandate.razorpay_registration_id)
        if link.status in (Status.CANCELLED, Status.EXPIRED):
            _move(mandate.pk, link.status, f"The registration link is {link.status}.")


@transaction.atomic
def note_registration_payment(mandate_id: UUID, payment: GatewayPayment) -> Mandate:
    """The payment through which a payer registers names the token. It is money of no invoice, and is given back."""
    mandate: Mandate = Mandate.objects.select_for_update().get(pk=mandate_id)
    changed = []
    if payment.token_id and mandate.razorpay_token_id is None:
        mandate.razorpay_token_id = payment.token_id
        changed.append("razorpay_token_id")
    if payment.status in CAPTURED and not mandate.razorpay_payment_id:
        mandate.razorpay_payment_id = payment.id
        changed += ["razorpay_payment_id", *mandate.try_now()]
    if changed:
        mandate.save(update_fields=[*changed, "updated_at"])
    if payment.customer_id:
        PayerAccount.objects.filter(pk=mandate.account_id, razorpay_customer_id="").update(
            razorpay_customer_id=payment.customer_id
        )
    return mandate


def read_token(gateway: RazorpayGateway, mandate: Mandate) -> GatewayToken | None:
    """How the token stands now; None if Razorpay has none such any more. Raises GatewayError."""
    account = PayerAccount.objects.get(pk=mandate.account_id)
    try:
        return gateway.fetch_token(customer_id=account.razorpay_customer_id, token_id=mandate.razorpay_token_id or "")
    except GatewayRefused as refusal:
        if not refusal.says_unknown:
            raise
        return None


def refresh_token(gateway: RazorpayGateway, mandate: Mandate) -> Mandate:
    """Bring our row into line with Razorpay's. Raises GatewayError."""
    return apply_token(mandate.pk, read_token(gateway, mandate))


def apply_token(mandate_id: UUID, token: GatewayToken | None) -> Mandate:
    if token is None:
        return _move(mandate_id, Status.CANCELLED, "Razorpay has no such token any more.")
    if token.expires_at is not None and token.expires_at <= clock.now() and token.status in ("confirmed", "paused"):
        return _move(mandate_id, Status.EXPIRED, "The mandate has run out.", token)
    return _move(mandate_id, token.status, token.failure_reason, token)


def expire_mandates() -> None:
    """End those whose last day is over."""
    standing = Mandate.objects.filter(status__in=[Status.CONFIRMED, Status.PAUSED], expires_at__lte=clock.now())
    for pk in standing.values_list("pk", flat=True):
        _move(pk, Status.EXPIRED, "The mandate has run out.")


@transaction.atomic
def _move(mandate_id: UUID, status: str, reason: str, token: GatewayToken | None = None) -> Mandate:
    """Move the row forward if it may; what can't be debited any more cancels the charges that wait for it."""
    mandate: Mandate = Mandate.objects.select_for_update().get(pk=mandate_id)
    if token is not None and token.shown_as:
        mandate.shown_as = token.shown_as[:100]
    if status in REACHABLE.get(Status(mandate.status), ()):
        mandate.status = status
        mandate.failure_reason = "" if status == Status.CONFIRMED else (reason or mandate.failure_reason)[:255]
        if status == Status.CONFIRMED and mandate.confirmed_at is None:
            mandate.confirmed_at = clock.now()
        if mandate.is_over:
            mandate.ended_at = clock.now()
        if mandate.status == Status.PAUSED:
            mandate.wait()  # for the payer to resume it
        elif mandate.status != Status.INITIATED and not mandate.owes_the_rupee:
            mandate.end()
    mandate.save()
    if mandate.is_over or mandate.status == Status.PAUSED:
        reason = f"The mandate is {mandate.get_status_display().lower()}."
        emails.queue_not_debited(withdraw_debits(MandateCharge.objects.filter(mandate=mandate), reason))
    return mandate


def revoke(gateway: RazorpayGateway, mandate: Mandate) -> None:
    """Cancel a mandate at Razorpay, or its link while the payer has not answered. Raises GatewayError."""
    if mandate.razorpay_token_id is None:
        if mandate.razorpay_registration_id:
            _cancel_link(gateway, mandate)
        _move(mandate.pk, Status.CANCELLED, "Cancelled by an operator.")
        return
    token = read_token(gateway, mandate)
    if token is not None and token.status in ("confirmed", "paused"):
        customer_id = PayerAccount.objects.get(pk=mandate.account_id).razorpay_customer_id
        end = gateway.delete_token if mandate.method == Mandate.Method.CARD else gateway.cancel_token
        end(customer_id=customer_id, token_id=mandate.razorpay_token_id)
        token = read_token(gateway, mandate)
    apply_token(mandate.pk, token)


def _cancel_link(gateway: RazorpayGateway, mandate: Mandate) -> None:
    """A link that is paid or closed already can't be cancelled, and need not be."""
    try:
        gateway.cancel_registration(registration_id=mandate.razorpay_registration_id or "")
    except GatewayRefused as refusal:
        if refusal.transient:
            raise
