-- Lines of payouts begun within some days that don't fit their own numbers, or what they pay out:
-- (kind of the finding, payout, key of its account, line, kind of the line, organisation, day, what it ought to be,
-- what is written): lists of rupees (the net; or amount, fee and GST).
--
-- payout_line_net     credit less debit is the amount less the fee; of what goes out, the amount with the fee, below zero.
--                     The fee contains the GST on it. An adjustment goes either way.
-- payout_line_apart   the line belongs to no payment or refund of ours, or to another one, though there is one
-- payout_line_amount  the payment or refund has another amount, or the payment another fee or GST; the dispute took
--                     another amount. Only of what is in rupees: a line is, whatever the payer paid in.
--
-- %(first)s, %(last)s, %(organisation)s  UTC days of the payout's beginning, both included; one customer, or NULL for all
WITH line AS (
    SELECT line.*, payout.razorpay_payout_id, account.key_id, (payout.begun_at AT TIME ZONE 'UTC')::date AS day,
        own_payment.id AS right_payment, own_refund.id AS right_refund,
        COALESCE(own_payment.organisation_id, refunded.organisation_id, joined.organisation_id) AS organisation_id,
        own_payment.currency AS payment_currency, own_payment.amount AS payment_amount,
        own_payment.fee AS payment_fee, own_payment.tax AS payment_tax,
        own_refund.currency AS refund_currency, own_refund.amount AS refund_amount,
        dispute.currency AS dispute_currency, dispute.amount AS dispute_amount, dispute.amount_deducted,
        CASE line.kind
            WHEN 'payment' THEN line.amount - line.fee
            WHEN 'refund' THEN - line.amount - line.fee
            WHEN 'transfer' THEN - line.amount - line.fee
            ELSE SIGN(line.credit - line.debit) * line.amount
        END AS right_net
    FROM payments_payoutline line
    JOIN payments_payout payout ON payout.id = line.payout_id
    LEFT JOIN payments_gatewayaccount account ON account.id = payout.gateway_account_id
    LEFT JOIN payments_payment own_payment
        ON line.kind = 'payment' AND own_payment.razorpay_payment_id = line.entity_id
    LEFT JOIN payments_refund own_refund ON line.kind = 'refund' AND own_refund.razorpay_refund_id = line.entity_id
    LEFT JOIN payments_payment refunded ON refunded.id = own_refund.payment_id
    LEFT JOIN payments_payment joined ON joined.id = line.payment_id
    LEFT JOIN payments_dispute dispute ON dispute.id = line.dispute_id
    WHERE payout.begun_at >= %(first)s::date::timestamp AT TIME ZONE 'UTC'
        AND payout.begun_at < (%(last)s::date + 1)::timestamp AT TIME ZONE 'UTC'
),
fault AS (
    SELECT 'payout_line_net' AS fault, line.*, ARRAY[right_net] AS expected, ARRAY[credit - debit] AS found
    FROM line WHERE credit - debit <> right_net
    UNION ALL
    SELECT 'payout_line_apart', line.*, '{}', '{}'
    FROM line
    WHERE right_payment IS DISTINCT FROM payment_id AND right_payment IS NOT NULL
        OR right_refund IS DISTINCT FROM refund_id AND right_refund IS NOT NULL
    UNION ALL
    SELECT 'payout_line_amount', line.*,
        ARRAY[payment_amount, COALESCE(payment_fee, fee), COALESCE(payment_tax, tax)], ARRAY[amount, fee, tax]
    FROM line
    WHERE payment_currency = 'INR'
        AND (payment_amount, COALESCE(payment_fee, fee), COALESCE(payment_tax, tax)) <> (amount, fee, tax)
    UNION ALL
    SELECT 'payout_line_amount', line.*, ARRAY[refund_amount], ARRAY[amount]
    FROM line WHERE refund_currency = 'INR' AND refund_amount <> amount
    UNION ALL
    SELECT 'payout_line_amount', line.*, ARRAY[dispute_amount], ARRAY[amount]
    FROM line WHERE dispute_currency = 'INR' AND amount NOT IN (dispute_amount, amount_deducted)
)
SELECT fault, razorpay_payout_id, COALESCE(key_id, ''), kind, entity_id, organisation_id, day, expected, found
FROM fault
WHERE %(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s
ORDER BY day, razorpay_payout_id, entity_id
