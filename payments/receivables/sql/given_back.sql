-- The few payments of which something went back, or perhaps came again.
SELECT id FROM payments_payment WHERE status = 'reversed' OR amount_refunded > 0
UNION
SELECT payment_id FROM payments_refund
UNION
SELECT payment_id FROM payments_dispute WHERE amount_taken > 0
