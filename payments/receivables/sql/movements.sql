-- Everything that changed what a customer owes a seller: positive where the customer owes more by it. Days are the
-- seller's. Of a payment only what may be credited counts: the payer's own fee, and a refund of that fee, are left out.
-- What a dispute took is no room for refunds.
-- Parameters: organisations and seller, each NULL for all.
WITH issued AS (
    SELECT
        invoice.id, invoice.organisation_id, invoice.billing_entity_id, invoice.currency, invoice.number,
        invoice.issue_date, invoice.due_date, invoice.finalized_at, invoice.total, invoice.status, invoice.voided_at,
        seller.time_zone
    FROM invoicing_invoice invoice
    JOIN organisations_billingentity seller ON seller.id = invoice.billing_entity_id
    WHERE invoice.number <> ''
        AND (%(organisations)s::uuid[] IS NULL OR invoice.organisation_id = ANY(%(organisations)s::uuid[]))
        AND (%(seller)s::uuid IS NULL OR invoice.billing_entity_id = %(seller)s::uuid)
),
paid AS (
    SELECT
        payment.id, payment.organisation_id, payment.currency, payment.kind, payment.razorpay_payment_id,
        payment.reference, payment.status, payment.amount_refunded, payment.paid_at, payment.reversed_at,
        payment.updated_at, payment.amount_lost,
        COALESCE(issued.billing_entity_id, payment.billing_entity_id) AS billing_entity_id,
        COALESCE(issued.number, '') AS invoice_number, COALESCE(issued.time_zone, seller.time_zone) AS time_zone,
        payment.amount - payment.payer_fee AS room,
        COALESCE(payment.received_on, (payment.paid_at AT TIME ZONE issued.time_zone)::date) AS received_day
    FROM payments_payment payment
    LEFT JOIN issued ON issued.id = payment.invoice_id
    LEFT JOIN organisations_billingentity seller ON seller.id = payment.billing_entity_id  -- on account
    WHERE payment.paid_at IS NOT NULL
        AND (%(organisations)s::uuid[] IS NULL OR payment.organisation_id = ANY(%(organisations)s::uuid[]))
        AND (
            issued.id IS NOT NULL
            OR seller.id IS NOT NULL AND (%(seller)s::uuid IS NULL OR seller.id = %(seller)s::uuid)
        )
),
returned AS (
    SELECT
        refund.id, refund.currency, refund.amount, refund.status, refund.refunded_on, refund.created_at,
        refund.ended_at, refund.razorpay_refund_id, refund.reference, paid.organisation_id, paid.billing_entity_id,
        paid.invoice_number, paid.time_zone, paid.room - paid.amount_lost AS room,
        COALESCE(
            SUM(refund.amount) FILTER (WHERE refund.status <> 'failed') OVER (
                PARTITION BY refund.payment_id ORDER BY refund.refunded_on, refund.created_at, refund.id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            0
        ) AS before
    FROM payments_refund refund
    JOIN paid ON paid.id = refund.payment_id
    -- what Razorpay refused never left
    WHERE refund.status <> 'failed' OR refund.razorpay_refund_id IS NOT NULL
),
disputed AS (
    SELECT
        dispute.id, dispute.razorpay_dispute_id, dispute.amount_taken, dispute.deducted_at, dispute.returned_at,
        paid.organisation_id, paid.billing_entity_id, paid.currency, paid.invoice_number, paid.time_zone
    FROM payments_dispute dispute
    JOIN paid ON paid.id = dispute.payment_id
    WHERE dispute.amount_taken > 0
),
movement AS (
    SELECT
        organisation_id, billing_entity_id, currency, issue_date AS day, 1 AS rank, finalized_at AS at,
        'invoice' AS kind, number, '' AS about, due_date, total AS amount, id AS subject_id
    FROM issued
    UNION ALL
    SELECT
        organisation_id, billing_entity_id, currency, (voided_at AT TIME ZONE time_zone)::date, 3, voided_at,
        'void', number, '', NULL, -total, id
    FROM issued
    WHERE status = 'void'
    UNION ALL
    SELECT
        note.organisation_id, note.billing_entity_id, note.currency, note.issue_date, 2, note.created_at,
        'credit_note', note.number, issued.number, NULL, -note.total, note.id
    FROM invoicing_creditnote note
    JOIN issued ON issued.id = note.invoice_id
    UNION ALL
    SELECT
        organisation_id, billing_entity_id, currency, received_day, 4, paid_at,
        CASE kind WHEN 'tds' THEN 'tds' ELSE 'payment' END,
        COALESCE(razorpay_payment_id, reference), invoice_number, NULL, -room, id
    FROM paid
    UNION ALL
    SELECT
        organisation_id, billing_entity_id, currency, (reversed_at AT TIME ZONE time_zone)::date, 5, reversed_at,
        'reversal', COALESCE(razorpay_payment_id, reference), invoice_number, NULL,
        room - LEAST(amount_refunded, room), id
    FROM paid
    WHERE status = 'reversed'
    UNION ALL
    SELECT
        organisation_id, billing_entity_id, currency, refunded_on, 6, created_at, 'refund',
        COALESCE(razorpay_refund_id, reference), invoice_number, NULL,
        LEAST(before + amount, room) - LEAST(before, room), id
    FROM returned
    UNION ALL
    SELECT
        organisation_id, billing_entity_id, currency, (ended_at AT TIME ZONE time_zone)::date, 7, ended_at,
        'failed_refund', COALESCE(razorpay_refund_id, reference), invoice_number, NULL,
        LEAST(before, room) - LEAST(before + amount, room), id
    FROM returned
    WHERE status = 'failed'
    UNION ALL
    SELECT
        organisation_id, billing_entity_id, currency, (deducted_at AT TIME ZONE time_zone)::date, 8, deducted_at,
        'dispute', razorpay_dispute_id, invoice_number, NULL, amount_taken, id
    FROM disputed
    UNION ALL
    SELECT
        organisation_id, billing_entity_id, currency, (returned_at AT TIME ZONE time_zone)::date, 9, returned_at,
        'dispute_won', razorpay_dispute_id, invoice_number, NULL, -amount_taken, id
    FROM disputed
    WHERE returned_at IS NOT NULL
    UNION ALL
    -- What Razorpay says went back in all, beyond the refunds that it named.
    SELECT
        paid.organisation_id, paid.billing_entity_id, paid.currency,
        (COALESCE(noticed.at, paid.updated_at) AT TIME ZONE paid.time_zone)::date, 6,
        COALESCE(noticed.at, paid.updated_at), 'refund', '', paid.invoice_number, NULL,
        LEAST(paid.amount_refunded, paid.room - paid.amount_lost)
            - LEAST(COALESCE(named.amount, 0), paid.room - paid.amount_lost), paid.id
    FROM paid
    LEFT JOIN LATERAL (
        SELECT SUM(refund.amount) AS amount
        FROM payments_refund refund
        WHERE refund.payment_id = paid.id AND refund.status <> 'failed'
    ) named ON TRUE
    LEFT JOIN LATERAL (
        SELECT MAX(allocation.created_at) AS at
        FROM payments_paymentallocation allocation
        WHERE allocation.payment_id = paid.id AND allocation.kind = 'refund'
    ) noticed ON TRUE
    WHERE paid.amount_refunded > 0
)
