"""Orders and payment links: what a payer is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from payments.gateways.calls import MAX_PAGE, Calls, oldest_first
from payments.gateways.entities import parse_link, parse_order, parse_payment
from payments.gateways.values import GatewayLink, GatewayOrder, GatewayPayment, PayerDetails


class Orders(Calls):
    """Neither orders nor links have idempotency keys: each is looked up by our name for it before it is made again."""

    def create_order(self, *, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str]) -> GatewayOrder:
        return self._create_order(receipt=receipt, amount_minor=amount_minor, currency=currency, notes=notes)

    def find_order(self, *, receipt: str) -> GatewayOrder | None:
        """The oldest order with our receipt: Razorpay does not promise that receipts are unique."""
        query = {"receipt": receipt, "count": MAX_PAGE}
        orders = self._get(lambda sdk: sdk.order.all(query), lambda page: oldest_first(page["items"], parse_order))
        return next((order for order in orders if order.receipt == receipt), None)

    def fetch_order(self, *, order_id: str) -> GatewayOrder:
        return self._get(lambda sdk: sdk.order.fetch(order_id), parse_order)

    def orders_between(self, since: datetime, until: datetime) -> Iterator[GatewayOrder]:
        """Every order made from `since` to `until`, both included, once; those of other systems as well."""
        bounds = {"from": int(since.timestamp()), "to": int(until.timestamp())}
        return self._pages(lambda sdk, page: sdk.order.all(bounds | page), parse_order)

    def order_payments(self, *, order_id: str) -> tuple[GatewayPayment, ...]:
        return self._get(
            lambda sdk: sdk.order.payments(order_id), lambda page: tuple(oldest_first(page["items"], parse_payment))
        )

    def create_link(
        self,
        *,
        reference: str,
        amount_minor: int,
        currency: str,
        description: str,
        payer: PayerDetails,
        callback_url: str,
        notes: Mapping[str, str],
        expires_at: datetime | None = None,
        first_part_minor: int | None = None,
    ) -> GatewayLink:
        """`expires_at`: 15 minutes to 6 months ahead. `first_part_minor`: the link may be paid in parts, this much at
        first."""
        body: dict[str, Any] = {
            "amount": amount_minor,
            "currency": currency,
            "reference_id": reference,
            "description": description,
            "customer": {"name": payer.name, "email": payer.email},
            "notify": {"sms": False, "email": False},  # our own e-mail carries the link
            "reminder_enable": False,
            "callback_url": callback_url,
            "callback_method": "get",
            "notes": dict(notes),
        }
        if expires_at is not None:
            body["expire_by"] = int(expires_at.timestamp())
        if first_part_minor is not None:
            body |= {"accept_partial": True, "first_min_partial_amount": first_part_minor}
        return self._call(lambda sdk: sdk.payment_link.create(body), parse_link)

    def find_link(self, *, reference: str = "", payment_id: str = "") -> GatewayLink | None:
        """The link with our reference, or the link that a payment was made through (the caller compares its order)."""
        query = {"reference_id": reference} if reference else {"payment_id": payment_id}
        links = self._get(
            lambda sdk: sdk.payment_link.all(query), lambda page: oldest_first(page["payment_links"], parse_link)
        )
        return next((link for link in links if not reference or link.reference == reference), None)

    def fetch_link(self, *, link_id: str) -> GatewayLink:
        return self._get(lambda sdk: sdk.payment_link.fetch(link_id), parse_link)

    def cancel_link(self, *, link_id: str) -> GatewayLink:
        return self._call(lambda sdk: sdk.payment_link.cancel(link_id), parse_link)

    def end_link(self, *, link_id: str, expires_at: datetime) -> GatewayLink:
        """Let a link end early: also one that was paid in part, which can't be cancelled. At least 15 minutes ahead."""
        body = {"expire_by": int(expires_at.timestamp())}
        return self._call(lambda sdk: sdk.payment_link.edit(link_id, body), parse_link)

    def _create_order(
        self, *, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str], **more: Any
    ) -> GatewayOrder:
        body = {
            "amount": amount_minor,
            "currency": currency,
            "receipt": receipt,
            "notes": dict(notes),
            # Said on the order: then a setting of Razorpay's dashboard can't leave money authorised and uncaptured.
            "payment": {
                "capture": "automatic",
                "capture_options": {"automatic_expiry_period": 7200, "refund_speed": "normal"},
            },
            **more,
        }
        return self._call(lambda sdk: sdk.order.create(body), parse_order)
