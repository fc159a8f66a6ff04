"""Refunds of captured payments: the one thing that Razorpay makes once, however often it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from payments.gateways.calls import MAX_PAGE, Calls, oldest_first
from payments.gateways.entities import parse_refund
from payments.gateways.values import GatewayRefund


class Refunds(Calls):
    def create_refund(
        self, *, payment_id: str, amount_minor: int, key: str, receipt: str, notes: Mapping[str, str] | None = None
    ) -> GatewayRefund:
        """Refund a part of a payment, or all of it: always an amount that is named.

        `key` is our idempotency key, 10 or more of A-Z a-z 0-9 _ -. The same key with the same values makes one
        refund: the call is repeated here after time-outs, and may be repeated later after GatewayUnclear, with exactly
        the values that were stored. Razorpay refuses the key with other values (GatewayRefused, final).
        """

        def ask(sdk: Any) -> Any:
            # Both fresh each time: the SDK writes into the headers, and Razorpay compares the body with the first one.
            body = {"amount": amount_minor, "speed": "normal", "receipt": receipt, "notes": dict(notes or {})}
            return sdk.payment.refund(payment_id, body, headers={"X-Refund-Idempotency": key})

        return self._call(ask, parse_refund, repeatable=True)

    def fetch_refund(self, *, refund_id: str) -> GatewayRefund:
        return self._get(lambda sdk: sdk.refund.fetch(refund_id), parse_refund)

    def refunds_between(self, since: datetime, until: datetime) -> Iterator[GatewayRefund]:
        """Every refund made from `since` to `until`, both included, once; those of other systems as well."""
        bounds = {"from": int(since.timestamp()), "to": int(until.timestamp())}
        return self._pages(lambda sdk, page: sdk.refund.all(bounds | page), parse_refund)

    def payment_refunds(self, *, payment_id: str) -> tuple[GatewayRefund, ...]:
        """All refunds of a payment, oldest first: also those that somebody made in Razorpay's dashboard."""
        query = {"count": MAX_PAGE}
        return self._get(
            lambda sdk: sdk.payment.fetch_multiple_refund(payment_id, query),
            lambda page: tuple(oldest_first(page["items"], parse_refund)),
        )
