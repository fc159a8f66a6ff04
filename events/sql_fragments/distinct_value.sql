-- What an event of a `unique` metric counts as: a SELECT of one column, `value`, for use as LATERAL.
--
-- Reads the columns `metadata` and `unique_property` of the row beside it. A text of more than 160 bytes is cut and
-- told apart by its MD5: with eight dimensions of the longest names and values it still fits into a B-tree entry of
-- 2.7 KB. NULL if the metadata has no such key.
SELECT CASE WHEN octet_length(metadata ->> unique_property) <= 160 THEN metadata ->> unique_property
    ELSE left(metadata ->> unique_property, 32) || '…' || md5(metadata ->> unique_property) END AS value
