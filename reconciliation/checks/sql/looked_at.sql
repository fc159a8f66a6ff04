-- How many documents were issued within the days: (number).
--
-- Parameters: those of invoice_sums.sql
SELECT (SELECT count(*) FROM invoicing_invoice WHERE number <> ''
            AND issue_date BETWEEN %(first)s::date - (finalized_at >= %(start)s)::int AND %(last)s
            AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s))
    + (SELECT count(*) FROM invoicing_creditnote
            WHERE issue_date BETWEEN %(first)s::date - (created_at >= %(start)s)::int AND %(last)s
            AND (%(organisation)s::uuid IS NULL OR organisation_id = %(organisation)s))
