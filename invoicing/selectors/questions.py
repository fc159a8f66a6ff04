"""What was asked and answered about an invoice."""

from __future__ import annotations

from invoicing.models import Invoice, InvoiceLine, QuestionMessage


def messages_about(invoice: Invoice, line: InvoiceLine | None) -> list[QuestionMessage]:
    """All that was written about a line, or about the whole invoice; oldest first, closed questions too."""
    rows = QuestionMessage.objects.filter(question__invoice=invoice, question__line=line)
    return list(rows.order_by("created_at"))
