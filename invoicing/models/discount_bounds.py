"""The promise that discounts are never used more often, or for more, than they are worth."""

from __future__ import annotations

import pgtrigger

from invoicing.models.only_ends import ISSUED_AND_LIVE


def redeems_within_bounds() -> pgtrigger.Trigger:
    """For the invoice: when it is issued, its discounts are those of its lines, belong to its customer, and are not
    used more often, or for more, than they are worth. The lock makes two invoices that are issued at once wait."""
    return pgtrigger.Trigger(
        name="redeems_within_bounds",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__status="draft", new__status="finalized"),
        declare=[("bad", "uuid")],
        func=f"""
            IF NEW.discount_total IS DISTINCT FROM
               (SELECT COALESCE(SUM(amount), 0) FROM invoicing_discountredemption WHERE invoice_id = NEW.id)
            THEN
                RAISE EXCEPTION 'Invoice % does not say which discounts it uses.', NEW.id;
            END IF;
            IF NEW.discount_total = 0 THEN RETURN NEW; END IF;
            PERFORM FROM invoicing_discount
             WHERE id IN (SELECT discount_id FROM invoicing_discountredemption WHERE invoice_id = NEW.id)
             ORDER BY id FOR UPDATE;
            SELECT discount.id INTO bad
              FROM invoicing_discount discount
              JOIN invoicing_discountredemption own ON own.discount_id = discount.id AND own.invoice_id = NEW.id
             CROSS JOIN LATERAL (
                   SELECT COUNT(*) AS times, COALESCE(SUM(redemption.amount), 0) AS amount
                     FROM invoicing_discountredemption redemption
                     JOIN invoicing_invoice invoice ON invoice.id = redemption.invoice_id
                    WHERE redemption.discount_id = discount.id AND {ISSUED_AND_LIVE}
                   ) AS used
             WHERE discount.organisation_id <> NEW.organisation_id
                OR CASE WHEN discount.carries_remainder THEN used.amount + own.amount > discount.amount
                        ELSE used.times >= discount.times OR own.amount > discount.amount END
             LIMIT 1;
            IF bad IS NOT NULL THEN
                RAISE EXCEPTION 'Discount % is used up, or not for this customer.', bad;
            END IF;
            RETURN NEW;
        """,  # noqa: S608  (the condition is ours)
    )
