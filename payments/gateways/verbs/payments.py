"""Payments: fetched one by one or by time, and captured."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from payments.gateways.calls import Calls
from payments.gateways.entities import parse_payment
from payments.gateways.values import GatewayPayment


class Payments(Calls):
    def fetch_payment(self, *, payment_id: str) -> GatewayPayment:
        return self._get(lambda sdk: sdk.payment.fetch(payment_id), parse_payment)

    def payments_between(self, since: datetime, until: datetime) -> Iterator[GatewayPayment]:
        """Every payment begun from `since` to `until`, both included, once; a page is fetched when it is needed.

        The account may serve other systems as well: some payments are not ours.
        """
        bounds = {"from": int(since.timestamp()), "to": int(until.timestamp())}
        return self._pages(lambda sdk, page: sdk.payment.all(bounds | page), parse_payment)

    def capture_payment(self, *, payment_id: str, amount_minor: int, currency: str) -> GatewayPayment:
        """Razorpay takes no other amount than the authorised one, and refuses a payment that it has captured itself:
        then fetch the payment."""
        body = {"currency": currency}  # fresh each time: the SDK writes the amount into it
        return self._call(lambda sdk: sdk.payment.capture(payment_id, amount_minor, body), parse_payment)
