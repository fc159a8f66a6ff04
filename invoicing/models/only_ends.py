"""The promise that what an issued invoice charges for is never changed afterwards, only ended."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Q

ISSUED_AND_LIVE = "invoice.number <> '' AND invoice.status <> 'void' AND NOT invoice.is_released"
"""Of a row of invoicing_invoice that is called `invoice`: it is issued, and bills its month."""


class OnlyEnds(models.Model):
    """A row that lines of invoices refer to: its `invoice_lines`."""

    invoice_lines: Any

    class Meta:
        abstract = True

    @property
    def is_billed(self) -> bool:
        """Whether it is on an issued invoice that bills its month. Then it can only be ended."""
        billing = Q(invoice__is_released=False) & ~Q(invoice__number="") & ~Q(invoice__status="void")
        return bool(self.invoice_lines.filter(billing).exists())


def only_ends(name: str, *, issued: str, sentence: str) -> pgtrigger.Trigger:
    """Refuses an update of anything but the end once an issued invoice refers to the row that is neither
    void nor released for its month to be billed anew.

    `issued` is a SELECT of such invoices; OLD is the row. `sentence` has one % for the row's id.
    """
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=f"""
            IF to_jsonb(OLD) - 'effective_to' - 'updated_at' IS DISTINCT FROM
               to_jsonb(NEW) - 'effective_to' - 'updated_at'
               AND EXISTS ({issued})
            THEN
                RAISE EXCEPTION '{sentence}', OLD.id;
            END IF;
            RETURN NEW;
        """,
    )


def on_issued_line(column: str) -> str:
    """The issued invoices that are not void and have a line for the row."""
    return f"""
        SELECT FROM invoicing_invoiceline line
        JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
        WHERE line.{column} = OLD.id AND {ISSUED_AND_LIVE}
    """
