"""The kinds of e-mails that invoicing sends: documents, that one is cancelled, and answers."""

from __future__ import annotations

from organisations.models import Purpose
from organisations.notifications.kinds import Kind

KINDS = (
    Kind(
        "invoice_issued",
        "Invoice",
        "invoicing/invoice_issued",
        Purpose.BILLING,
        why="The recipient of a supply is to get its tax invoice (section 31 of the CGST Act).",
    ),
    Kind(
        "credit_note_issued",
        "Credit note",
        "invoicing/credit_note_issued",
        Purpose.BILLING,
        why="The recipient of a supply is to get its credit note (section 34 of the CGST Act).",
    ),
    Kind(
        "invoice_cancelled",
        "Invoice cancelled",
        "invoicing/invoice_cancelled",
        Purpose.BILLING,
        why="Whoever has an invoice must hear that it does not count any more: it may have claimed the tax.",
    ),
    Kind(
        "question_answered",
        "Answer to a question",
        "invoicing/question_answered",
        Purpose.BILLING,
        why="It is sent only when somebody asks.",
    ),
)
