"""Mandates, which Razorpay calls tokens: registered by a payer once, then charged month by month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from payments.gateways.calls import MAX_PAGE, oldest_first
from payments.gateways.entities import parse_charge, parse_customer, parse_registration, parse_token
from payments.gateways.values import (
    GatewayCustomer,
    GatewayOrder,
    GatewayRegistration,
    GatewayToken,
    MandateTerms,
    PayerDetails,
)
from payments.gateways.verbs.orders import Orders

MAX_DESCRIPTION = 100


class Mandates(Orders):
    def create_customer(self, *, payer: PayerDetails, notes: Mapping[str, str]) -> GatewayCustomer:
        """Razorpay's customer with this e-mail and phone: made, or found again. The phone has 8 to 15 digits."""
        body = {
            "name": payer.name,
            "email": payer.email,
            "contact": payer.phone,
            "fail_existing": "0",  # a string: Razorpay then answers with the customer that it has
            "notes": dict(notes),
        }
        return self._call(lambda sdk: sdk.customer.create(body), parse_customer, repeatable=True)

    def create_registration_link(
        self,
        *,
        receipt: str,
        amount_minor: int,
        currency: str,
        description: str,
        payer: PayerDetails,
        terms: MandateTerms,
        expires_at: datetime,
        notes: Mapping[str, str],
    ) -> GatewayRegistration:
        """A page of Razorpay's on which the payer registers a mandate; `amount_minor` is charged there (0: e-mandate).

        Looked up by our receipt before it is made again (`find_registration`).
        """
        body = {
            "customer": {"name": payer.name, "email": payer.email, "contact": payer.phone},
            "type": "link",
            "amount": amount_minor,
            "currency": currency,
            "description": description[:MAX_DESCRIPTION],
            "subscription_registration": {"method": terms.method, **terms.as_token()},
            "receipt": receipt,
            "email_notify": False,  # our own e-mail carries the link
            "sms_notify": False,
            "expire_by": int(expires_at.timestamp()),
            "notes": dict(notes),
        }
        return self._call(lambda sdk: sdk.registration_link.create(body), parse_registration)

    def find_registration(self, *, receipt: str) -> GatewayRegistration | None:
        query = {"receipt": receipt, "count": MAX_PAGE}
        found = self._get(
            lambda sdk: sdk.invoice.all(query), lambda page: oldest_first(page["items"], parse_registration)
        )
        return next((link for link in found if link.receipt == receipt), None)

    def fetch_registration(self, *, registration_id: str) -> GatewayRegistration:
        return self._get(lambda sdk: sdk.invoice.fetch(registration_id), parse_registration)

    def cancel_registration(self, *, registration_id: str) -> GatewayRegistration:
        return self._call(lambda sdk: sdk.invoice.cancel(registration_id), parse_registration)

    def create_authorisation_order(
        self,
        *,
        receipt: str,
        amount_minor: int,
        currency: str,
        customer_id: str,
        terms: MandateTerms,
        notes: Mapping[str, str],
    ) -> GatewayOrder:
        """The order of a checkout that registers a mandate (`recurring: 1` there). ₹1 or more; an e-mandate takes 0."""
        return self._create_order(
            receipt=receipt,
            amount_minor=amount_minor,
            currency=currency,
            notes=notes,
            customer_id=customer_id,
            method=terms.method,
            token=terms.as_token(),
        )

    def create_recurring_order(
        self,
        *,
        receipt: str,
        amount_minor: int,
        currency: str,
        notes: Mapping[str, str],
        token_id: str = "",
        charge_after: datetime | None = None,
    ) -> GatewayOrder:
        """The order of one charge. With `token_id` and `charge_after` Razorpay tells the payer of the debit beforehand,
        does not charge earlier, and leaves further tries to us."""
        more: dict[str, Any] = {}
        if token_id and charge_after is not None:
            more["notification"] = {"token_id": token_id, "payment_after": int(charge_after.timestamp())}
        return self._create_order(receipt=receipt, amount_minor=amount_minor, currency=currency, notes=notes, **more)

    def charge(
        self,
        *,
        order_id: str,
        customer_id: str,
        token_id: str,
        amount_minor: int,
        currency: str,
        payer: PayerDetails,
        description: str,
        notes: Mapping[str, str],
    ) -> str:
        """Charge a mandate; Razorpay's id of the payment, whose outcome comes by webhook, hours or days later.

        Never repeated here: look at `order_payments` of the order before another charge.
        """
        body = {
            "email": payer.email,
            "contact": payer.phone,
            "amount": amount_minor,
            "currency": currency,
            "order_id": order_id,
            "customer_id": customer_id,
            "token": token_id,
            "recurring": True,
            "description": description[:MAX_DESCRIPTION],
            "notes": dict(notes),
        }
        return self._call(lambda sdk: sdk.payment.createRecurring(body), parse_charge)

    def fetch_token(self, *, customer_id: str, token_id: str) -> GatewayToken:
        token = self._get(lambda sdk: sdk.token.fetch(customer_id, token_id), parse_token)
        return replace(token, customer_id=customer_id)

    def customer_tokens(self, *, customer_id: str) -> tuple[GatewayToken, ...]:
        """Oldest first. Razorpay leaves out those that are expired, rejected or were never used."""
        tokens = self._get(
            lambda sdk: sdk.token.all(customer_id), lambda page: oldest_first(page["items"], parse_token)
        )
        return tuple(replace(token, customer_id=customer_id) for token in tokens)

    def cancel_token(self, *, customer_id: str, token_id: str) -> None:
        """Begin the revocation of a mandate, which NPCI or the bank confirms later (`token.cancelled`). A card has no
        mandate that somebody else would have to cancel: use `delete_token`."""
        self._call(lambda sdk: sdk.token.cancel(customer_id, token_id), lambda answer: None)

    def delete_token(self, *, customer_id: str, token_id: str) -> None:
        self._call(lambda sdk: sdk.token.delete(customer_id, token_id), lambda answer: None)
