"""Of two requests that write at once, the second gets the sentence that a later request would get, never a 500."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing_platform.lib.database.constraints import refusal_of
from organisations.models import BillingEntity, Organisation, Project
from tests import factories

URL = "/api/v1/admin/organisations"
GOOD = {"name": "Initech", "billing_email": "pay@initech.example", "state_code": "29"}
MANY = 25  # as many as the rate limit lets through in one burst


def all_at_once(key: str, path: str, body: dict[str, Any]) -> Counter[int]:
    def send(_number: int) -> int:
        try:
            return factories.client(key).post(path, body, content_type="application/json").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(MANY) as threads:
        return Counter(threads.map(send, range(MANY)))


@pytest.mark.django_db(transaction=True)
def test_many_customers_with_one_slug_at_once_are_one_customer(admin_key: str) -> None:
    factories.billing_entity()
    assert all_at_once(admin_key, URL, GOOD | {"slug": "initech"}) == {201: 1, 400: MANY - 1}


@pytest.mark.django_db(transaction=True)
def test_many_customers_with_one_name_at_once_get_as_many_slugs(admin_key: str) -> None:
    factories.billing_entity()
    assert all_at_once(admin_key, URL, GOOD) == {201: MANY}
    assert Organisation.objects.values("slug").distinct().count() == MANY


@pytest.mark.django_db(transaction=True)
def test_many_projects_of_one_name_at_once_are_one_project(admin_key: str) -> None:
    acme = factories.organisation("Acme")
    assert all_at_once(admin_key, f"{URL}/{acme.pk}/projects", {"name": "Main"}) == {201: 1, 400: MANY - 1}


@pytest.mark.django_db
def test_a_refusal_of_the_database_is_shown_at_the_field(acme: Organisation) -> None:
    def refused(write: Any) -> Any:
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            write()
        return refusal_of(caught.value)

    slug = refused(lambda: Organisation.objects.create(slug=acme.slug, billing_entity=acme.billing_entity))
    assert slug.details == {"slug": ["A customer with this slug exists already."]}
    Project.objects.create(organisation=acme, name="Main")
    name = refused(lambda: Project.objects.create(organisation=acme, name="Main"))
    assert name.details == {"name": ["The customer has a project of that name."]}
    default = refused(lambda: BillingEntity.objects.create(name="Other", is_default=True))
    assert default.details == {"is_default": ["Another seller is the default: remove the mark there first."]}
    # of a constraint that no person can cause, nothing is said: that is ours to mend
    assert refused(lambda: Organisation.objects.filter(pk=acme.pk).update(currency="inr")) is None
