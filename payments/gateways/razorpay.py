"""Razorpay through its own SDK (2.0.1), which needs care.

One client per thread. No retries by the SDK, which would repeat a POST that may have happened. A fresh dict for every
call, because `payment.capture` writes into its default argument. Every exception becomes a GatewayError that says
whether the outcome is known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import razorpay
import razorpay.client
import requests

from payments.gateways import signatures
from payments.gateways.entities import parse_link, parse_order, parse_payment
from payments.gateways.errors import GatewayUnclear
from payments.gateways.failed_calls import outcome_of
from payments.gateways.session import RecordingAdapter, new_session
from payments.gateways.values import GatewayLink, GatewayOrder, GatewayPayment, PayerDetails

# The SDK reports failed connections to stdout by print(); this name shadows the builtin in its module only.
razorpay.client.print = lambda *_, **__: None

SDK_ERRORS = (razorpay.errors.BadRequestError, razorpay.errors.GatewayError, razorpay.errors.ServerError)
# What the SDK, or our reading, trips over when an answer has an unexpected shape.
MALFORMED = (TypeError, KeyError, ValueError, AttributeError)
MAX_PAGE = 100

T = TypeVar("T")
_thread = threading.local()


class RazorpayGateway:
    """Razorpay's API as payments uses it.

    Every method but `confirms_…` makes one HTTP call with a time-out, never retries, and raises GatewayError only. None
    of these may be called inside a transaction that holds locks.
    """

    def __init__(self, *, key_id: str, key_secret: str, base_url: str, timeout: tuple[float, float]) -> None:
        self.key_id = key_id
        self._key_secret = key_secret
        self._base_url = base_url
        self._timeout = timeout

    def create_order(self, *, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str]) -> GatewayOrder:
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
        }
        return self._call(lambda sdk: sdk.order.create(body), parse_order)

    def find_order(self, *, receipt: str) -> GatewayOrder | None:
        """The oldest order with our receipt: Razorpay does not promise that receipts are unique."""
        query = {"receipt": receipt, "count": MAX_PAGE}
        orders = self._call(lambda sdk: sdk.order.all(query), lambda page: _sorted(page["items"], parse_order))
        return next((order for order in orders if order.receipt == receipt), None)

    def order_payments(self, *, order_id: str) -> tuple[GatewayPayment, ...]:
        return self._call(
            lambda sdk: sdk.order.payments(order_id), lambda page: tuple(_sorted(page["items"], parse_payment))
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
    ) -> GatewayLink:
        body = {
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
        return self._call(lambda sdk: sdk.payment_link.create(body), parse_link)

    def find_link(self, *, reference: str = "", payment_id: str = "") -> GatewayLink | None:
        """The link with our reference, or the link that a payment was made through (the caller compares its order)."""
        query = {"reference_id": reference} if reference else {"payment_id": payment_id}
        links = self._call(
            lambda sdk: sdk.payment_link.all(query), lambda page: _sorted(page["payment_links"], parse_link)
        )
        return next((link for link in links if not reference or link.reference == reference), None)

    def fetch_link(self, *, link_id: str) -> GatewayLink:
        return self._call(lambda sdk: sdk.payment_link.fetch(link_id), parse_link)

    def cancel_link(self, *, link_id: str) -> GatewayLink:
        return self._call(lambda sdk: sdk.payment_link.cancel(link_id), parse_link)

    def fetch_payment(self, *, payment_id: str) -> GatewayPayment:
        return self._call(lambda sdk: sdk.payment.fetch(payment_id), parse_payment)

    def capture_payment(self, *, payment_id: str, amount_minor: int, currency: str) -> GatewayPayment:
        body = {"currency": currency}  # fresh each time: the SDK writes the amount into it
        return self._call(lambda sdk: sdk.payment.capture(payment_id, amount_minor, body), parse_payment)

    def confirms_checkout(self, *, order_id: str, payment_id: str, signature: str) -> bool:
        """Whether Razorpay signed this pair: proves that the payment was authorised, not that it was captured."""
        return signatures.confirms_checkout(order_id, payment_id, signature=signature, key_secret=self._key_secret)

    def confirms_link(self, *, link_id: str, reference: str, status: str, payment_id: str, signature: str) -> bool:
        return signatures.confirms_link(
            link_id, reference, status, payment_id, signature=signature, key_secret=self._key_secret
        )

    def _call(self, ask: Callable[[Any], Any], read: Callable[[Any], T]) -> T:
        sdk, adapter = self._client()
        adapter.last = None
        try:
            return read(ask(sdk))
        except (*SDK_ERRORS, requests.RequestException) as error:
            raise outcome_of(error, adapter.last) from error
        except MALFORMED as error:
            if adapter.last is None:  # nothing was sent: a fault of ours
                raise
            raise GatewayUnclear(f"Razorpay gave an answer that makes no sense: {error!r}") from error

    def _client(self) -> tuple[Any, RecordingAdapter]:
        """This thread's client: neither `requests` sessions nor the remembered answer may be shared."""
        clients: dict[tuple[object, ...], tuple[Any, RecordingAdapter]] = _thread.__dict__.setdefault("clients", {})
        key = (self._base_url, self.key_id, self._key_secret, self._timeout)
        if key not in clients:
            session, adapter = new_session(self._base_url, self._timeout)
            sdk = razorpay.Client(session=session, auth=(self.key_id, self._key_secret), base_url=self._base_url)
            clients[key] = (sdk, adapter)
        return clients[key]


def _sorted(items: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], T]) -> list[T]:
    """Oldest first: the order of Razorpay's lists is not documented."""
    return [read(item) for item in sorted(items, key=lambda item: (item["created_at"], item["id"]))]
