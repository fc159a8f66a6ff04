-- The movements of customers' accounts up to a day, the oldest first.
{{ payments/receivables/sql/movements.sql }}
SELECT currency, day, kind, number, about, due_date, amount, subject_id
FROM movement
WHERE day <= %(day)s AND amount <> 0
ORDER BY currency, day, rank, at, number
