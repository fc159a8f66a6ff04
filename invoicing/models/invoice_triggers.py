"""What PostgreSQL keeps of an invoice: a draft becomes a document, and what a document says never changes."""

from __future__ import annotations

from itertools import permutations

import pgtrigger

from billing_platform.lib.database.append_only import no_truncate
from invoicing.models.discount_bounds import redeems_within_bounds
from invoicing.models.number_sequence import number_is_of_a_series

# Issued, and not paid for good: money may be asked for while something is due.
COLLECTABLE = ("finalized", "partially_paid", "partially_refunded", "refunded")

# What may still change on an issued invoice: where it stands, not what it says.
MUTABLE_AFTER_ISSUE = (
    "status",
    "amount_paid",
    "amount_refunded",
    "amount_returned",
    "amount_credited",
    "is_released",
    "sent_at",
    "pdf",
    "pdf_sha256",
    "pdf_state",
    "voided_at",
    "void_reason",
    "updated_at",
)
_MUTABLE = ", ".join(f"'{column}'" for column in MUTABLE_AFTER_ISSUE)

TRIGGERS = [
    # Where an issued invoice stands follows from what is paid and given back, and both may go down again:
    # `invoice_status_tells_what_is_paid` ties each status to the amounts.
    pgtrigger.FSM(
        name="status_moves_forward",
        field="status",
        transitions=[
            ("draft", "finalized"),
            ("draft", "void"),
            ("finalized", "void"),
            ("paid", "void"),  # of an invoice of nothing: a void one has nothing paid, says the constraint
            *permutations(("finalized", "partially_paid", "paid", "partially_refunded", "refunded"), 2),
            # for good, as credit notes are never taken back: it only may turn out that money went back with the note
            *((status, "credited") for status in (*COLLECTABLE, "paid")),
            ("credited", "refunded"),
        ],
    ),
    pgtrigger.Trigger(
        name="begins_as_a_draft",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=~pgtrigger.Q(new__status="draft"),
        func="RAISE EXCEPTION 'An invoice begins as a draft: finalizing gives it its number.';",
    ),
    pgtrigger.Trigger(
        name="issued_is_frozen",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=~pgtrigger.Q(old__status="draft"),
        func=f"""
            IF to_jsonb(OLD) - ARRAY[{_MUTABLE}] IS DISTINCT FROM to_jsonb(NEW) - ARRAY[{_MUTABLE}] THEN
                RAISE EXCEPTION 'Invoice % is issued: what it says never changes.', OLD.id;
            END IF;
            RETURN NEW;
        """,
    ),
    pgtrigger.Protect(
        name="issued_never_deleted",
        operation=pgtrigger.Delete,
        condition=~pgtrigger.Q(old__status="draft"),
    ),
    no_truncate(),
    pgtrigger.Trigger(
        name="issued_adds_up",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__status="draft", new__status="finalized"),
        func="""
            IF NEW.subtotal IS DISTINCT FROM
               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_invoiceline WHERE invoice_id = NEW.id)
            OR NEW.discount_total IS DISTINCT FROM
               (SELECT COALESCE(SUM(discount), 0) FROM invoicing_invoiceline WHERE invoice_id = NEW.id)
            OR NEW.tax_total IS DISTINCT FROM
               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_invoicetax WHERE invoice_id = NEW.id)
            THEN
                RAISE EXCEPTION 'Invoice % does not add up from its lines and taxes.', NEW.id;
            END IF;
            RETURN NEW;
        """,
    ),
    redeems_within_bounds(),
    number_is_of_a_series(
        "invoice",
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__status="draft", new__status="finalized"),
    ),
    pgtrigger.Trigger(
        name="credited_by_notes",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Q(old__amount_credited__df=pgtrigger.F("new__amount_credited")),
        func="""
            IF (SELECT amount_credited FROM invoicing_invoice WHERE id = NEW.id) IS DISTINCT FROM
               (SELECT COALESCE(SUM(total), 0) FROM invoicing_creditnote WHERE invoice_id = NEW.id)
            THEN
                RAISE EXCEPTION 'Invoice % is credited by its credit notes, and by nothing else.', NEW.number
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        """,
    ),
    pgtrigger.Trigger(
        name="issued_has_its_document",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__status="draft", new__status="finalized"),
        func="""
            IF NOT EXISTS (SELECT FROM invoicing_documentsnapshot WHERE invoice_id = NEW.id) THEN
                RAISE EXCEPTION 'Invoice % is issued without its document.', NEW.id
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        """,
    ),
]
