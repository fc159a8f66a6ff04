-- What each customer owes at the end of a day, in each currency.
{{ payments/receivables/sql/movements.sql }}
SELECT organisation_id, currency, SUM(amount)
FROM movement
WHERE day <= %(day)s AND amount <> 0
GROUP BY organisation_id, currency
