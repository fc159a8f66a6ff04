"""Which template a customer's documents are issued with, and what a document was issued with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import Q

from invoicing.documents import InvoiceDocument
from invoicing.documents.html import BUILT_IN, Source
from invoicing.look import Template
from invoicing.models import InvoiceTemplate, InvoiceTemplateVersion
from organisations.models import Organisation


def templates_of(organisations: Collection[Organisation]) -> Mapping[UUID, Template]:
    """The template in use by the organisation's id: its own, or its seller's, or the one of every seller. One query."""
    shared = Q(organisation__isnull=True)
    own = Q(organisation__in=[each.pk for each in organisations])
    rows = InvoiceTemplate.objects.filter(shared | own, is_default=True).select_related("released")
    found = {(row.organisation_id, row.billing_entity_id): row.released.as_fact() for row in rows}
    chosen = {
        each.pk: found.get((each.pk, None)) or found.get((None, each.billing_entity_id)) or found.get((None, None))
        for each in organisations
    }
    return {pk: template for pk, template in chosen.items() if template is not None}


def source_of(document: InvoiceDocument) -> Source:
    """The HTML and CSS that a document was issued with; released versions never change."""
    if not document.look.version:
        return BUILT_IN
    version = InvoiceTemplateVersion.objects.filter(pk=document.look.version).first()
    return version.source if version else BUILT_IN
