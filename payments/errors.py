"""Why no money is asked for online, one class for each reason that some caller tells apart."""

from __future__ import annotations

from billing_platform.lib.errors import DomainError


class NothingToCollect(DomainError):
    """The invoice asks for nothing: it is a draft, void or paid."""

    code = "INVOICE_NOT_COLLECTABLE"


class NotPayableOnline(DomainError):
    """Razorpay does not take this amount or currency."""

    code = "NOT_PAYABLE_ONLINE"


class BeingDebited(DomainError):
    """The payer's bank was asked to debit this invoice, and has not answered yet: no second payment meanwhile."""

    code = "CHARGE_IN_PROGRESS"


class NotChargeable(DomainError):
    """The invoice can't be collected by a mandate."""

    code = "MANDATE_NOT_USABLE"
