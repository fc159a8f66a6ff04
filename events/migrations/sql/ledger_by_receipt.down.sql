DROP INDEX usage_event_receipt;
