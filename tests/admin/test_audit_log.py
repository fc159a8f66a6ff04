"""The audit log names the actor, the time, the object and only the values that changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib.admin.history import changes_of, source_in_words
from invoicing.models import BillingRunItem, Invoice, PricingRule
from organisations.models import Organisation
from tests import factories

LOG = reverse("admin:organisations_auditentry_changelist")


def entry(model: Any, person: Any = None, organisation: Any = None, **changes: tuple[str, str]) -> LogEntry:
    return LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(model),
        object_pk="1",
        object_repr=f"{model.__name__} of {person or 'a job'}",
        action=LogEntry.Action.UPDATE,
        changes={name: list(values) for name, values in changes.items()},
        actor=person,
        additional_data={"organisation": str(organisation.pk)} if organisation else {},
    )


def names_in(page: Any) -> set[str]:
    return set(re.findall(r"(?:Metric|Organisation) of [\w-]+(?: job)?", page.content.decode()))


def test_people_stand_first_and_machines_are_one_click_away(as_admin: Client, admin_user: Any) -> None:
    entry(Organisation, admin_user)
    entry(Organisation)
    assert names_in(as_admin.get(LOG)) == {"Organisation of admin"}
    assert names_in(as_admin.get(LOG, {"by": "machines"})) == {"Organisation of a job"}
    assert names_in(as_admin.get(LOG, {"by": "all"})) == {"Organisation of admin", "Organisation of a job"}


def test_the_entries_of_one_object_are_all_there_whoever_made_them(as_admin: Client) -> None:
    entry(Organisation)
    page = as_admin.get(LOG, {"object_pk": "1"})
    assert names_in(page) == {"Organisation of a job"}
    assert re.search(r'aria-current="true">Everybody<', page.content.decode())


def test_the_log_can_be_read_for_one_customer(as_admin: Client, admin_user: Any, acme: Organisation) -> None:
    other = factories.organisation("Initech")
    entry(Organisation, admin_user, acme)
    page = as_admin.get(LOG, {"customer": other.pk})
    assert names_in(page) == set()
    assert names_in(as_admin.get(LOG, {"customer": acme.pk})) == {"Organisation of admin"}


@pytest.mark.django_db
def test_a_number_that_is_the_same_with_other_zeros_did_not_change() -> None:
    written = entry(Invoice, total=("120274.9200", "120274.92"), amount_paid=("0.0000", "500.0000"))
    assert [(change.field, change.before, change.after) for change in changes_of(written, {})] == [
        ("Amount paid", "0", "500")
    ]


@pytest.mark.django_db
def test_the_log_writes_numbers_and_answers_as_people_do() -> None:
    written = entry(PricingRule, free_units=("0E-8", "0"), minimum=("1E+2", "150.00"), charge_at_zero=("False", "True"))
    assert [(change.field, change.before, change.after) for change in changes_of(written, {})] == [
        ("Minimum", "100", "150"),
        ("Charge at zero", "No", "Yes"),
    ]
    parked = entry(BillingRunItem, reasons=("[]", '[{"message": "\\u20b950 is too much"}]'))
    assert [change.after for change in changes_of(parked, {})] == ['[{"message": "₹50 is too much"}]']


@pytest.mark.django_db
def test_of_two_json_objects_the_parts_that_differ_are_shown() -> None:
    written = entry(
        PricingRule,
        parameters=('{"unit_price": "0.50", "flat_fee": "0"}', '{"unit_price": "0.75", "flat_fee": "0"}'),
    )
    assert [(change.field, change.before, change.after) for change in changes_of(written, {})] == [
        ("Parameters: unit price", "0.50", "0.75")
    ]


def test_the_audit_log_names_jobs_and_commands_in_words() -> None:
    assert source_in_words("task: organisations.tasks.send_pending_notifications") == "Job: send pending notifications"
    assert source_in_words("command: manage.py seed_demo") == "Command: seed demo"
    assert source_in_words("web") == "web"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("argv", "source"),
    [
        (["manage.py", "seed_demo", "--quiet"], "command: manage.py seed_demo"),
        (["/opt/lib/celery/__main__.py", "--app", "billing_platform", "beat"], "command: celery"),
    ],
)
def test_a_change_outside_requests_and_jobs_names_the_command(
    argv: list[str], source: str, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", argv)
    acme.name = "Acme Works"
    acme.save()
    written = LogEntry.objects.get_for_object(acme).first()
    assert written is not None
    assert written.additional_data["source"] == source


def test_the_menu_of_customers_holds_only_the_chosen_one(
    acme: Organisation, globex: Organisation, as_operator: Client, as_admin: Client
) -> None:
    """There may be ten thousand customers: they are found as somebody types."""

    def offered(client: Client, **query: str) -> set[str]:
        return set(re.findall(r'<option value="([0-9a-f-]{36})"', client.get(LOG, query).content.decode()))

    assert offered(as_admin) == set()
    assert offered(as_admin, customer=str(globex.pk)) == {str(globex.pk)}
    assert offered(as_operator, customer=str(globex.pk)) == set(), "none of the operator's customers"
    assert offered(as_admin, customer="nonsense") == set()
