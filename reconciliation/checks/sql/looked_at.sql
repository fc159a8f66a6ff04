-- How many documents were issued within the days: (number).
--
-- Parameters: those of invoice_sums.sql
SELECT (SELECT count(*) FROM invoicing_invoice WHERE number <> ''
            AND issue_date BETWEEN %(first)s::date - 1 AND %(last)s
            AND (issue_date >= %(first)s OR finalized_at >= %(start)s)
            AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s))
    + (SELECT count(*) FROM invoicing_creditnote
            WHERE issue_date BETWEEN %(first)s::date - 1 AND %(last)s
                AND (issue_date >= %(first)s OR created_at >= %(start)s)
            AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s))
