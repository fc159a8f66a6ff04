"""What a failed debit of a mandate means: Razorpay's `error_reason`, and what helps. Pure.

Source: Razorpay's pages about recurring payments (UPI, cards, e-mandate), "error reasons".
"""

from __future__ import annotations

import enum

from django.utils.translation import gettext_noop


class Remedy(enum.StrEnum):
    NEW_MANDATE = "new_mandate"
    RETRY_LATER = "retry_later"
    ASK_PAYER = "ask_payer"
    NEXT_CYCLE = "next_cycle"


_REMEDIES = {
    **dict.fromkeys(
        (
            "bank_account_invalid",
            "debit_declined",
            "debit_instrument_blocked",
            "invalid_token",
            "mandate_cancelled",
            "mandate_expired",
            "mandate_not_active",
            "mobile_number_invalid",
            "payer_account_has_changed",
        ),
        Remedy.NEW_MANDATE,
    ),
    "mandate_paused": Remedy.ASK_PAYER,
    "mandate_current_cycle_allowed_debit_exceeds": Remedy.NEXT_CYCLE,
}

ADVICE = {
    Remedy.NEW_MANDATE: gettext_noop(
        "The mandate can't be used any more. Please pay this invoice online, and set up a new mandate."
    ),
    Remedy.RETRY_LATER: gettext_noop("Please see that the account has enough money, or pay this invoice online."),
    Remedy.ASK_PAYER: gettext_noop(
        "The mandate is paused. Please resume it in your UPI app, or pay this invoice online."
    ),
    Remedy.NEXT_CYCLE: gettext_noop(
        "The mandate allows no more debits in this period. Please pay this invoice online."
    ),
}


def remedy_of(reason: str) -> Remedy:
    """A reason that we don't know passes by itself more often than not (`insufficient_funds`, `payment_timed_out`)."""
    return _REMEDIES.get(reason, Remedy.RETRY_LATER)
