"""Customers' GSTINs are looked up on the GST portal again after some days; another GSTIN was never looked up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from organisations.models import AuditEntry, Organisation
from organisations.selectors import customers_to_check
from organisations.services.gstin_checks import mark_gstins_checked
from organisations.services.onboarding import update_organisation
from tests import factories
from tests.admin.test_object_actions import act, action_url
from tests.invoicing.language import at

pytestmark = pytest.mark.django_db

CHECKED = date(2026, 5, 30)


@pytest.fixture
def initech(db: None) -> Organisation:
    return factories.organisation("Initech", gstin=factories.KARNATAKA_GSTIN)


def is_due(user: Any, today: str) -> bool:
    return customers_to_check(actor=user, today=date.fromisoformat(today)).exists()


def test_a_gstin_is_due_180_days_after_its_check(initech: Organisation, acme: Organisation, viewer: Any) -> None:
    admin = factories.member("everybody", None, "admin")
    assert is_due(admin, "2026-05-30")  # never looked up; Acme has none
    mark_gstins_checked(organisations=[initech.pk, acme.pk], on=CHECKED)
    assert not is_due(admin, "2026-11-25")
    assert is_due(admin, "2026-11-26")
    assert not is_due(viewer, "2026-11-26")  # of another customer
    assert AuditEntry.objects.filter(object_pk=str(initech.pk), changes__has_key="gstin_checked_on").exists()
    acme.refresh_from_db()
    assert acme.gstin_checked_on is None


def test_another_gstin_was_never_looked_up(initech: Organisation) -> None:
    mark_gstins_checked(organisations=[initech.pk], on=CHECKED)
    initech.refresh_from_db()
    changed = update_organisation(organisation=initech, gstin="29AAGCB7383J2Z3")
    assert changed.gstin_checked_on is None
    Organisation.objects.filter(pk=initech.pk).update(gstin_checked_on=CHECKED)
    Organisation.objects.filter(pk=initech.pk).update(gstin=factories.KARNATAKA_GSTIN)  # past the service
    initech.refresh_from_db()
    assert initech.gstin_checked_on is None


def test_a_check_is_noted_on_the_page(acme: Organisation, as_operator: Client, as_viewer: Client) -> None:
    Organisation.objects.update(gstin=factories.KARNATAKA_GSTIN)
    with at("2026-11-26 00:10"):
        due = as_operator.get(reverse("admin:organisations_organisation_changelist"), {"gstin_check": "due"})
        assert acme.legal_name in due.content.decode()
        asked = as_operator.get(action_url(acme, "mark_checked")).content.decode()
        assert "services.gst.gov.in" in asked
        assert 'value="26/11/2026"' in asked  # in India it is the day already
        said = act(as_operator, action_url(acme, "mark_checked"), checked_on="2026-11-27").content.decode()
        assert "was not made yet" in said
        said = act(as_operator, action_url(acme, "mark_checked"), checked_on="2026-11-26").content.decode()
        assert "was checked on 26 Nov 2026" in said
        assert as_viewer.get(action_url(acme, "mark_checked")).status_code == 403
