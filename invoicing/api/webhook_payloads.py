"""What outgoing webhooks say of invoices, credit notes and prices: what the API answers with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from invoicing.api.credit_note_shapes import CreditNoteDetailSerializer
from invoicing.api.prices import PricingRuleSerializer
from invoicing.api.serializers import InvoiceDetailSerializer
from invoicing.models import CreditNote, Invoice, PricingRule

Shapes = Mapping[UUID, Mapping[str, Any]]


def invoices(ids: Collection[UUID]) -> Shapes:
    rows = Invoice.objects.with_exchange().prefetch_related("lines", "taxes").filter(pk__in=ids)
    return {row.pk: InvoiceDetailSerializer(row).data for row in rows}


def credit_notes(ids: Collection[UUID]) -> Shapes:
    rows = CreditNote.objects.select_related("invoice").prefetch_related("lines__invoice_line", "taxes")
    return {row.pk: CreditNoteDetailSerializer(row).data for row in rows.filter(pk__in=ids)}


def prices(ids: Collection[UUID]) -> Shapes:
    rows = PricingRule.objects.select_related("organisation").filter(pk__in=ids)
    return {row.pk: PricingRuleSerializer(row).data for row in rows}
