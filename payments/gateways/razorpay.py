"""Razorpay's API as payments uses it, for one account."""

from __future__ import annotations

from payments.gateways import signatures
from payments.gateways.verbs.disputes import Disputes
from payments.gateways.verbs.mandates import Mandates
from payments.gateways.verbs.payments import Payments
from payments.gateways.verbs.payouts import Payouts
from payments.gateways.verbs.refunds import Refunds


class RazorpayGateway(Mandates, Payments, Refunds, Payouts, Disputes):
    """All verbs. What may be repeated safely is repeated for a few seconds; nothing else is."""

    def __repr__(self) -> str:
        return f"<Razorpay {self.key_id}>"

    @property
    def is_live(self) -> bool:
        """Whether real money moves: the key says so."""
        return self.key_id.startswith("rzp_live_")

    def check_keys(self) -> None:
        """Ask for one order, which changes nothing. Raises GatewayError, with Razorpay's words of wrong keys."""
        self._call(lambda sdk: sdk.order.all({"count": 1}), lambda page: page["items"])

    def confirms_checkout(self, *, order_id: str, payment_id: str, signature: str) -> bool:
        """Whether Razorpay signed this pair: proves that the payment was authorised, not that it was captured."""
        return signatures.confirms_checkout(order_id, payment_id, signature=signature, key_secret=self._key_secret)

    def confirms_link(self, *, link_id: str, reference: str, status: str, payment_id: str, signature: str) -> bool:
        return signatures.confirms_link(
            link_id, reference, status, payment_id, signature=signature, key_secret=self._key_secret
        )
