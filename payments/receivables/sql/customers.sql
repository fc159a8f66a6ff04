-- What the ageing says of its customers.
SELECT id, name, gstin, is_test
FROM organisations_organisation
WHERE id = ANY(%(organisations)s::uuid[])
