"""A payer in the words that Razorpay takes."""

from __future__ import annotations

import re

from payments.gateways import PayerDetails
from payments.models import PayerAccount

_REFUSED = re.compile(r"[^\w .'/@()]|_")
"""Razorpay takes letters, digits and . ' / @ ( ) in a customer's name."""
SHORTEST, LONGEST = 3, 50


def payer_details(account: PayerAccount) -> PayerDetails:
    return PayerDetails(name=payer_name(account.organisation.name), email=account.email, phone=account.phone)


def payer_name(name: str) -> str:
    """Müller & Söhne – Bau becomes Müller Söhne Bau; X becomes Customer X."""
    allowed = " ".join(_REFUSED.sub(" ", name).split())[:LONGEST].strip()
    return allowed if len(allowed) >= SHORTEST else f"Customer {allowed}".strip()
