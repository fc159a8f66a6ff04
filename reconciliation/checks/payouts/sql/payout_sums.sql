-- Payouts begun within some days whose lines don't come to what was transferred:
-- (payout, day, what was transferred, what the lines come to). A failed one moved nothing, and one without any line is
-- still to be fetched.
--
-- %(first)s, %(last)s  UTC days, both included
SELECT payout.razorpay_payout_id, (payout.begun_at AT TIME ZONE 'UTC')::date, payout.amount,
    SUM(line.credit - line.debit)
FROM payments_payout payout
JOIN payments_payoutline line ON line.payout_id = payout.id
WHERE payout.begun_at >= %(first)s::date::timestamp AT TIME ZONE 'UTC'
    AND payout.begun_at < (%(last)s::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND payout.status <> 'failed'
GROUP BY payout.id
HAVING SUM(line.credit - line.debit) <> payout.amount
ORDER BY payout.razorpay_payout_id
