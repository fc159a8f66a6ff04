"""What the tests themselves rely on: a transactional test leaves nothing behind, and takes nothing away."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from events.services.settling.chunks import settle_pending
from organisations.models import Organisation
from tests import factories, fresh_tables
from tests.events.language import event, send


def contents() -> dict[str, str | None]:
    """Table → its rows, as one fingerprint; None when it is empty."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT md5(string_agg(row::text, chr(10) ORDER BY row::text)) FROM "{table}" row')
            found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.django_db(transaction=True)
def test_tables_are_again_as_the_migrations_left_them() -> None:
    fresh_tables.restore()
    before = contents()
    assert before["auth_group"]
    project = factories.project(factories.organisation("Acme"))
    send(project, event("a", 2))
    settle_pending()
    Group.objects.all().delete()
    assert Organisation.objects.exists()
    assert contents() != before
    fresh_tables.restore()
    assert contents() == before
