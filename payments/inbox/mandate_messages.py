"""Messages about mandates: about tokens, and about the payment through which a payer registers one."""

from __future__ import annotations

from dataclasses import dataclass

from payments.gateways import GatewayPayment
from payments.gateways.entities import parse_token
from payments.gateways.values import GatewayToken
from payments.inbox.messages import NOT_HANDLED, Ignored, Payload, Subject, entity_of
from payments.models import GatewayAccount, Mandate
from payments.services.mandates import tokens


@dataclass(frozen=True)
class MandateMessage:
    """Something happened to a mandate: to its token, or to the payment of its registration."""

    mandate: Mandate
    payment: GatewayPayment | None = None
    token: GatewayToken | None = None

    @property
    def subject(self) -> Subject:
        payer = self.mandate.account
        return Subject(f"mandate {self.mandate}", payer.organisation, payer.billing_entity_id, payer.gateway_account)

    def apply(self) -> str:
        """Returns what came of it, as a sentence for operators."""
        if self.payment is not None:
            mandate = tokens.note_registration_payment(self.mandate.pk, self.payment)
            return f"The payment registers mandate {mandate}, which stands as: {mandate.get_status_display()}."
        mandate = tokens.apply_token(self.mandate.pk, self.token)
        return f"Mandate {mandate} is {mandate.get_status_display().lower()}."


def mandate_of_registration(payment: GatewayPayment) -> Mandate | None:
    """The mandate that a payment registers."""
    if not payment.order_id:
        return None
    found: Mandate | None = Mandate.objects.filter(razorpay_order_id=payment.order_id).first()
    return found


def read_token_message(payload: Payload, account: GatewayAccount | None) -> MandateMessage:
    """The message is the occasion: what Razorpay says of the token now is what counts. Raises Ignored,
    NamelessEntity, ValueError or KeyError for a malformed entity, GatewayError."""
    entity = entity_of(payload, "token")
    if entity is None:
        raise Ignored(NOT_HANDLED)
    token = parse_token(entity)
    mandate = tokens.mandate_of_token(token.id)
    if mandate is None:
        raise Ignored(f"No mandate of ours is {token.id}.")
    return MandateMessage(mandate, token=tokens.read_token(tokens.gateway_of_payer(mandate.account), mandate))
