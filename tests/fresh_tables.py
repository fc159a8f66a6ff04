"""After a transactional test: the tables as the migrations left them, in milliseconds.

Django would empty all tables by TRUNCATE, which our triggers rightly refuse, and send post_migrate once more to fill in
permissions, roles and periodic jobs: a third of a second, for each of some hundred tests.
"""

from __future__ import annotations

from django.db import connection
from django.test import TransactionTestCase

_KEEP = """
CREATE SCHEMA IF NOT EXISTS fresh;
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('DROP TABLE IF EXISTS fresh.%1$I', name);
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%1$I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE fresh.%1$I AS TABLE public.%1$I', name);
        END IF;
    END LOOP;
END $$
"""
# As a replica, PostgreSQL runs no triggers: neither those that guard rows nor the foreign keys, so the order is free.
_RESTORE = """
DO $$
DECLARE
    name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('DELETE FROM public.%1$I', name);
    END LOOP;
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'fresh'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('INSERT INTO public.%1$I SELECT * FROM fresh.%1$I', name);
    END LOOP;
END $$
"""


def keep() -> None:
    """Note what the migrations wrote, and let every transactional test end with `restore`."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP)
    TransactionTestCase._fixture_teardown = lambda _test: restore()  # type: ignore[method-assign]


def restore() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE)
