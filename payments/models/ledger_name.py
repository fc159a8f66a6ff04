"""What the seller's accounting program calls its ledgers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.validators import validate_line, validate_sac
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel
from payments.accounts.vouchers import LedgerRole

_WORDS = {
    LedgerRole.SALES: "Sales",
    LedgerRole.CGST: "Output CGST",
    LedgerRole.SGST: "Output SGST",
    LedgerRole.UTGST: "Output UTGST",
    LedgerRole.IGST: "Output IGST",
    LedgerRole.ROUND_OFF: "Round-off",
    LedgerRole.COMMERCIAL_CREDIT: "Commercial credit notes",
    LedgerRole.BANK: "Bank",
    LedgerRole.GATEWAY: "Razorpay, before it pays out",
    LedgerRole.GATEWAY_FEE: "Razorpay's fee",
    LedgerRole.GATEWAY_FEE_TAX: "GST on Razorpay's fee",
    LedgerRole.TDS: "TDS receivable",
}
ROLES = [(role.value, words) for role, words in _WORDS.items()]


class LedgerName(BaseModel):
    """One ledger of a seller's books. Sales may have one for each service code; the row without a code is for the
    rest."""

    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.CASCADE, related_name="ledger_names"
    )
    role = models.CharField("for", max_length=20, choices=ROLES)
    sac = models.CharField("SAC", max_length=6, blank=True, validators=[validate_sac], help_text="Of sales only.")
    name = models.CharField(
        "ledger", max_length=100, validators=[validate_line], help_text="Letter by letter as the books have it."
    )

    constraint_fields = {"one_ledger_for_each_purpose": "role", "only_sales_have_a_service_code": "sac"}

    class Meta:
        ordering = ["role", "sac"]
        constraints = [
            models.UniqueConstraint(
                fields=["billing_entity", "role", "sac"],
                name="one_ledger_for_each_purpose",
                violation_error_message="The seller has a ledger for this already.",
            ),
            models.CheckConstraint(
                condition=Q(sac="") | Q(role="sales"),
                name="only_sales_have_a_service_code",
                violation_error_message="Only ledgers of sales are told apart by SAC.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PartyLedger(BaseModel, TenantModel):
    """A customer whose ledger has another name in the books than here."""

    organisation = models.OneToOneField(
        Organisation, verbose_name="customer", on_delete=models.CASCADE, related_name="party_ledger"
    )
    name = models.CharField(
        "ledger", max_length=100, validators=[validate_line], help_text="Letter by letter as the books have it."
    )

    def __str__(self) -> str:
        return self.name
