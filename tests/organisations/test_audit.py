"""The audit log has the person or key, the change and the address, and can't be changed."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.client import Client

from organisations.models import AuditEntry, Membership, Organisation
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/organisations"


def _rename(client: Client, acme: Organisation) -> AuditEntry:
    answer = client.patch(
        f"{URL}/{acme.pk}",
        {"name": "Acme Two"},
        content_type="application/json",
        headers={"X-Request-ID": "request-12345"},
        REMOTE_ADDR="203.0.113.9",
    )
    assert answer.status_code == 200
    return AuditEntry.objects.filter(action=AuditEntry.Action.UPDATE, object_pk=str(acme.pk)).latest("timestamp")


def test_a_change_by_api_key_is_logged_with_key_owner_address_and_values(
    api: Client, acme: Organisation, admin_user: object, admin_key: str
) -> None:
    entry = _rename(api, acme)
    assert entry.changes["name"] == ["Acme", "Acme Two"]
    assert entry.actor == admin_user
    assert entry.cid == "request-12345"
    assert entry.remote_addr == "203.0.113.9"
    assert entry.additional_data["source"] == "api"
    assert admin_key.split("_")[2] in entry.additional_data["api_key_name"]


def test_the_log_never_holds_a_key_or_its_hash(api: Client, acme: Organisation) -> None:
    project = factories.project(acme)
    answer = api.post(f"/api/v1/admin/projects/{project.pk}/api-keys", {"name": "x"}, content_type="application/json")
    log = str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert answer.json()["api_key"] not in log
    from organisations.services.api_keys import hash_key

    assert hash_key(answer.json()["api_key"]) not in log


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE auditlog_logentry SET object_repr = 'nobody'",
        "DELETE FROM auditlog_logentry",
        "TRUNCATE auditlog_logentry",
    ],
)
def test_raw_sql_can_not_rewrite_the_log(acme: Organisation, statement: str) -> None:
    assert AuditEntry.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_trigger_librarys_switch_can_not_disable_the_triggers(acme: Organisation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'auditlog_logentry'::regclass")
        names = ",".join(name for (name,) in cursor.fetchall())
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{names}}}"])
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("DELETE FROM auditlog_logentry")


def test_the_log_is_scoped_like_the_rows_that_it_describes(acme: Organisation, globex: Organisation) -> None:
    user = factories.member("only-globex", globex, Membership.Role.VIEWER)
    seen = {entry.object_pk for entry in AuditEntry.objects.for_organisations(user)}
    assert str(globex.pk) in seen
    assert str(acme.pk) not in seen


def test_a_forged_forwarded_for_is_ignored_without_a_trusted_proxy(api: Client, acme: Organisation) -> None:
    api.defaults["HTTP_X_FORWARDED_FOR"] = "198.51.100.1"
    assert _rename(api, acme).remote_addr == "203.0.113.9"


def test_the_address_is_taken_from_the_last_trusted_proxy(api: Client, acme: Organisation, settings: object) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    api.defaults["HTTP_X_FORWARDED_FOR"] = "6.6.6.6, 198.51.100.1"
    assert _rename(api, acme).remote_addr == "198.51.100.1"
