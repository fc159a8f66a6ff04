"""Our payments and Razorpay's: payments, refunds, orders and links of a UTC day, of each account that is set up.

Of two readings nothing is believed but what both say (`reading`). An account that can't be read to the end fails the
check, and nothing is reported from half a reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from billing_platform.lib.errors import DomainError
from payments.gateways import GatewayError
from payments.services.gateway_accounts import gateways_of_day
from reconciliation.checks.gateway.payments import PaymentSide
from reconciliation.checks.gateway.reading import (
    Reading,
    Side,
    confirmed,
    reading_of,
    suspects,
    wait_for_messages,
)
from reconciliation.checks.gateway.refunds import RefundSide
from reconciliation.checks.gateway.requests import LinkSide, OrderSide
from reconciliation.findings import Finding, FindingKind, Tally, Window


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """Days by Razorpay's time of creation. Raises DomainError ACCOUNT_NOT_READ, GATEWAY_NOT_CONFIGURED."""
    for day in window.days:
        whole = Window(day, day)
        for gateway in gateways_of_day(whole.start, whole.end):
            reading = reading_of(gateway, window, day)
            if reading is None:
                continue
            try:
                findings = _read(reading, tally)
            except GatewayError as error:
                text = f"Account {gateway.key_id} could not be read to the end: {error.message}"
                raise DomainError(text, code="ACCOUNT_NOT_READ") from error
            yield from findings


def _read(reading: Reading, tally: Tally) -> list[Finding]:
    sides: list[Side[Any]] = [PaymentSide(), RefundSide(), OrderSide(), LinkSide()]
    looked = [(side, suspects(side, reading, tally)) for side in sides]
    if any(names for side, names in looked if side.moves):
        wait_for_messages()
    found = [finding for side, names in looked for finding in confirmed(side, reading, names)]
    return _without_consequences(found)


def _without_consequences(found: list[Finding]) -> list[Finding]:
    """A refund that is missing or differs makes its payment's sum differ too: that is one fault."""
    refunded = {
        each.facts["payment_id"] for each in found if each.kind.startswith("refund_") and "payment_id" in each.facts
    }
    return [
        each for each in found if each.kind != FindingKind.PAYMENT_REFUNDED or each.facts["payment_id"] not in refunded
    ]
