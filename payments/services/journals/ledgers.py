"""How the seller's books name their ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from organisations.models import BillingEntity, Organisation
from payments.accounts.vouchers import LedgerRole
from payments.models import LedgerName, PartyLedger

USUAL = {
    LedgerRole.SALES: "Sales",
    LedgerRole.CGST: "Output CGST",
    LedgerRole.SGST: "Output SGST",
    LedgerRole.UTGST: "Output UTGST",
    LedgerRole.IGST: "Output IGST",
    LedgerRole.ROUND_OFF: "Round Off",
    LedgerRole.COMMERCIAL_CREDIT: "Discount Allowed",
    LedgerRole.BANK: "Bank",
    LedgerRole.GATEWAY: "Razorpay",
    LedgerRole.GATEWAY_FEE: "Payment Gateway Charges",
    LedgerRole.GATEWAY_FEE_TAX: "Input GST on Charges",
    LedgerRole.TDS: "TDS Receivable",
}
"""Names to begin with; the books may have others."""


@transaction.atomic
def set_ledgers(*, seller: BillingEntity, names: Mapping[LedgerRole, str], sales: Mapping[str, str]) -> None:
    """Name a seller's ledgers: one for each purpose, and one more for each service code in `sales`. An empty name takes
    it away. Vouchers that were exported keep theirs. Raises ValidationError, for a service code at "sales"."""
    wanted = {(role.value, ""): name.strip() for role, name in names.items()}
    wanted |= {(LedgerRole.SALES.value, sac): name.strip() for sac, name in sales.items()}
    BillingEntity.objects.select_for_update(no_key=True).get(pk=seller.pk)  # two at once: one after the other
    known = {(row.role, row.sac): row for row in LedgerName.objects.filter(billing_entity=seller)}
    for key, row in known.items():
        if not wanted.get(key):
            row.delete()
    for (role, sac), name in wanted.items():
        row = known.get((role, sac)) or LedgerName(billing_entity=seller, role=role, sac=sac)
        if name and row.name != name:
            row.name = name
            _check(row)
            row.save()


def _check(row: LedgerName) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        field = "sales" if row.sac else row.role
        sentences = [sentence for found in error.message_dict.values() for sentence in found]
        raise ValidationError({field: sentences}) from error


@transaction.atomic
def set_party_ledger(*, organisation: Organisation, name: str) -> PartyLedger | None:
    """Name a customer's ledger; empty: it has the customer's name. Raises ValidationError."""
    found = PartyLedger.objects.select_for_update().filter(organisation=organisation).first()
    if not name.strip():
        if found is not None:
            found.delete()
        return None
    ledger: Any = found or PartyLedger(organisation=organisation)
    ledger.name = name.strip()
    ledger.full_clean()
    ledger.save()
    return ledger  # type: ignore[no-any-return]  # Any above, as the row may be new
