"""What outgoing webhooks say of invoices, credit notes and prices: what the API answers with."""

from __future__ import annotations

from invoicing.api.credit_note_shapes import CreditNoteDetailSerializer
from invoicing.api.prices import PricingRuleSerializer
from invoicing.api.serializers import InvoiceDetailSerializer
from invoicing.models import CreditNote, Invoice, PricingRule
from organisations.webhooks.payloads import PayloadMaker

INVOICES = PayloadMaker(
    "invoice",
    lambda: Invoice.objects.with_exchange().prefetch_related("lines", "taxes"),
    lambda row: InvoiceDetailSerializer(row).data,
)
CREDIT_NOTES = PayloadMaker(
    "credit_note",
    lambda: CreditNote.objects.select_related("invoice").prefetch_related("lines__invoice_line", "taxes"),
    lambda row: CreditNoteDetailSerializer(row).data,
)
PRICES = PayloadMaker(
    "price",
    lambda: PricingRule.objects.select_related("organisation"),
    lambda row: PricingRuleSerializer(row).data,
)
