"""Three months of demo data, made through the services: usage, prices, two invoiced months, payments.

The figures are the same on every machine (one seed for the random numbers); keys and passwords never are.
"""

from __future__ import annotations

import json
import os
import secrets
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from billing_platform.demo import (
    alerts,
    asking,
    banking,
    cheques,
    documents,
    gateway,
    mandates,
    money,
    razorpay_past,
    usage,
)
from billing_platform.demo.bulk import send_a_month_again
from billing_platform.demo.cast import CUSTOMERS, SELLER, TEST_PROJECT, Customer
from billing_platform.demo.mailed_views import mail_a_list
from billing_platform.demo.reconciling import reconcile
from billing_platform.demo.simulating import try_a_price
from billing_platform.demo.test_clock import let_months_pass
from billing_platform.demo.webhooks import listen, name_contact
from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.periods import BillingPeriod, financial_year_start, next_financial_year_start
from invoicing.services.letters import add_letter
from organisations.models import ApiKey, BillingEntity, Membership, Organisation, Project
from organisations.services import api_keys, onboarding
from organisations.services.people import save_membership
from organisations.services.sellers import create_seller


class Command(BaseCommand):
    help = "Make demo data: customers, three months of usage, two invoiced months. Does nothing the second time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--run-json", type=Path, help="Where to write keys and log-ins (readable by you alone).")

    def handle(self, *args: Any, **options: Any) -> None:
        if BillingEntity.objects.filter(name=SELLER["name"]).exists():
            self.stdout.write("The demo data is there already.")
            return
        facts = _make()
        if options["run_json"]:
            _write_private(options["run_json"], facts)
        self.stdout.write("Made the demo data.")


def _make() -> dict[str, Any]:
    """Make everything in the order of time. Returns the keys, ids and log-ins for scripts."""
    seller = _make_seller()
    organisations = {customer.fields["name"]: _make_customer(customer, seller) for customer in CUSTOMERS}
    nandi, konkan = organisations["Nandi Logistics"], organisations["Konkan Retail"]
    onboarding.create_project(organisation=nandi, name=TEST_PROJECT, mode=Project.Mode.TEST)
    users, logins = _make_people()
    admin = users[Membership.Role.ADMIN]
    money.make_prices(organisations, actor=admin)
    current = BillingPeriod.containing(clock.now(), ZoneInfo(seller.time_zone))
    last = current.previous()
    usage.report_usage(organisations, first=last.previous().start)
    money.bill(last.previous())
    orders = documents.make_orders(seller, month=last)
    documents.make_e_invoices_from(seller, day=current.start)
    documents.use_template(konkan)
    heard = listen(nandi)
    money.bill(last)
    money.collect(organisations, current=current)
    money.pay_on_account(organisations["Malabar Foods"], month=last.previous())
    mandates.make_mandates(organisations | orders, month=last)
    gateway.tell_of_money(orders["Kaveri Foods"])
    money.credit_messages(money.invoice_of(konkan, month=last.previous()))
    money.book(konkan.billing_entity, until=current.start)
    money.make_terms(organisations)
    money.make_exceptions(organisations)
    money.remind(current)
    try_a_price(by=admin)
    documents.record_irn(money.invoice_of(nandi, month=last))
    documents.export_return(seller, month=last)
    documents.look_up_gstins(organisations | orders, but="Konkan Retail")
    documents.publish_rates()
    usage.correct_one(nandi, month=last)
    alerts.watch(nandi, konkan, since=last)
    usage.verify_days()
    reconcile(last)
    name_contact(nandi)
    send_a_month_again(by=admin, month=last)
    unpaid = money.invoice_of(konkan, month=last)
    banking.import_demo_statement(seller, unpaid=unpaid)
    cheques.make_cheques(nandi, unpaid=unpaid)
    asking.ask(unpaid, mover=konkan, withholder=nandi)
    mail_a_list(to=admin)
    let_months_pass()
    return (
        _keys(nandi, admin)
        | heard
        | {
            "logins": logins,
            "invoice_to_attempt": str(unpaid.pk),
            "past_at_razorpay": razorpay_past.past(),
        }
    )


def _make_seller() -> BillingEntity:
    """Make the seller, with letters of undertaking since the year of the first invoices."""
    seller = create_seller(**SELLER)
    today = clock.today(INDIAN_TIME)
    first = financial_year_start(BillingPeriod.of(today).previous().start)
    while first <= today:
        after = next_financial_year_start(first)
        number = f"AD2904{first.year % 100}000001X"
        add_letter(billing_entity=seller, number=number, valid_from=first, valid_to=after - timedelta(days=1))
        first = after
    return seller


def _make_customer(customer: Customer, seller: BillingEntity) -> Organisation:
    organisation = onboarding.create_organisation(**customer.fields, billing_entity=seller)
    for name in customer.usage:
        onboarding.create_project(organisation=organisation, name=name)
    return organisation


def _make_people() -> tuple[dict[str, Any], dict[str, Any]]:
    """Make a user of each role, for all customers. Returns the users and their log-ins."""
    users, logins = {}, {}
    for role in Membership.Role.values:
        password = secrets.token_urlsafe(12)
        users[role] = get_user_model().objects.create_user(
            role, f"{role}@metrics-cloud.example", password, is_staff=True
        )
        save_membership(membership=Membership(user=users[role], organisation=None, role=role))
        logins[role] = {"username": role, "password": password}
    return users, logins


def _keys(organisation: Organisation, owner: Any) -> dict[str, str]:
    project = organisation.projects.get(name="Fleet API")
    test_project = organisation.projects.get(name=TEST_PROJECT)
    admin_key = api_keys.issue_admin_key(owner=owner, name="Demo back office", scope=ApiKey.Scope.ADMIN)
    project_key = api_keys.issue_project_key(project=project, name="Demo application")
    api_keys.issue_project_key(project=test_project, name="Demo application, before a release")
    return {
        "admin_key": admin_key.secret,
        "project_key": project_key.secret,
        "organisation_id": str(organisation.pk),
        "project_id": str(project.pk),
    }


def _write_private(path: Path, facts: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
