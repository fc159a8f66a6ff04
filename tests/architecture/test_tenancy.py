"""No row of one organisation is visible to another: checked for every model and every endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db.models import Model
from django.test.client import Client

from invoicing.models import PriceSimulation
from organisations.access.permissions import ProjectKeyPermission
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet
from reconciliation.models import Discrepancy
from tests import factories
from tests.architecture.code import APPS
from tests.architecture.routes import Route, routes
from tests.architecture.tenants import Tenant, owned, run_of_both, tenant, tenant_models

NOBODYS = {
    "organisations.BillingEntity": "the seller: its particulars stand on everybody's invoices",
    "organisations.SuppressedAddress": "an address for all customers: only who reaches everybody sees the list",
    "organisations.DigestChoice": "one person's own: shown to that person alone",
    "organisations.MailedView": "one person's own, mailed to that person alone by that person's rights",
    "organisations.BulkJob": "its maker's; others are seen by who reaches everybody, and its rows are scoped",
    "organisations.JobDay": "of the platform's jobs: says nothing of a customer but in a job's own error",
    "organisations.SavedView": "one person's own; a shared one is seen by who reaches everybody",
    "organisations.SeenAttention": "one person's own: shown to that person alone",
    "organisations.IdempotencyRecord": "found by API key only, and answered to that key alone",
    "organisations.AuditEntry": "scoped by the organisation in its data: see AuditQuerySet",
    "events.HotLogDay": "everybody's batches of a day: only who reaches everybody sees it, see HotLogDayQuerySet",
    "invoicing.BillingRun": "one row a month for all; what it says of a tenant is on its items",
    "invoicing.Filing": "a seller's return tells of all customers: only who reaches everybody sees it",
    "invoicing.FilingFile": "of a Filing",
    "invoicing.PriceSimulation": "tells of all customers: only who reaches everybody sees it",
    "invoicing.SimulatedCustomer": "of a PriceSimulation",
    "invoicing.LetterOfUndertaking": "the seller's: under it all customers abroad are billed",
    "invoicing.NumberSequence": "counts per seller and financial year",
    "invoicing.ExchangeRate": "a fact of the world",
    "invoicing.RateFeed": "a publisher of facts of the world",
    "invoicing.TaxRate": "a fact of the law",
    "payments.GatewayAccount": "the seller's: keys with which it collects from all its customers",
    "payments.DunningRules": "the seller's: when all its customers are asked again",
    "payments.LedgerName": "the seller's: how its books name what all customers share",
    "payments.BankStatement": "of all of a seller's customers: only who reaches everybody sees its lines",
    "payments.BankLine": "whose it is shows only once it is booked: only who reaches everybody sees it",
    "payments.BankColumns": "what a bank calls its columns: nobody's",
    "payments.Payout": "one transfer for payments of all a seller's customers: only who reaches everybody sees it",
    "payments.PayoutLine": "of a Payout",
    "payments.JournalBatch": "one file for all of a seller's customers: only who reaches everybody sees it",
    "payments.JournalFile": "of a JournalBatch",
    "reconciliation.Run": "counts what it finds of all customers: only who reaches everybody sees it",
    "reconciliation.CheckRun": "of a Run",
    "reconciliation.DailyStatement": "counts what all customers have: only who reaches everybody sees it",
}

OURS, THEIRS = "Acmeqq", "Zzyzxqq"


def _our_models() -> list[type[Model]]:
    return [model for label in APPS for model in apps.get_app_config(label).get_models()]


@pytest.mark.parametrize("model", _our_models(), ids=lambda model: model._meta.label)
def test_every_model_has_a_path_to_its_organisation_or_a_reason(model: type[Any]) -> None:
    if model._meta.label in NOBODYS:
        assert not issubclass(model, TenantModel), "it has an owner after all: take it off the list"
        return
    assert issubclass(model, TenantModel), "make it a TenantModel, or say in NOBODYS why it belongs to nobody"
    assert isinstance(model.objects.all(), TenantQuerySet), "its manager has no for_organisations"
    assert _end_of(model, model.tenant_path) is Organisation


def _end_of(model: type[Any], path: str) -> type[Any]:
    """The model that a look-up path leads to."""
    if path == "id":
        return model
    for step in path.split("__"):
        field = model._meta.get_field(step)
        assert field.many_to_one or field.one_to_one, f"{step} of {model.__name__} is no foreign key"
        model = field.related_model
    return model


def test_the_list_of_reasons_names_only_what_exists() -> None:
    assert set(NOBODYS) <= {model._meta.label for model in _our_models()}


# --- the walk -------------------------------------------------------------------------------------------------------

Values = dict[str, Any]

# What a parameter of a route stands for. A new name makes the walk fail until somebody says whose object it names.
PARAMETERS: dict[str, Callable[[Tenant], Any]] = {
    "organisation_id": lambda owner: owner.organisation.pk,
    "project_id": lambda owner: owner.project.pk,
    "key_id": lambda owner: owner.api_key.pk,
    "rule_id": lambda owner: owner.rule.pk,
    "metric_id": lambda owner: owner.metric.pk,
    "invoice_id": lambda owner: owner.invoice.pk,
    "note_id": lambda owner: owner.note.pk,
    "line_id": lambda owner: owner.invoice.lines.first().pk,
    "run_id": lambda owner: owner.run.pk if owner.run else None,
    "payment_id": lambda owner: owner.payment.pk,
    "refund_id": lambda owner: owner.payment.refunds.get().pk,
    "event_id": lambda owner: owner.event_id,
    "correction_id": lambda owner: owner.correction.pk,
    "alert_rule_id": lambda owner: owner.alert_rule.pk,
    "alert_id": lambda owner: owner.alert_rule.alerts.get().pk,
    "import_id": lambda owner: owner.organisation.usage_imports.get().pk,
    "letter_id": lambda owner: owner.letter.pk,
    "fee_id": lambda owner: owner.fee.pk,
    "minimum_id": lambda owner: owner.minimum.pk,
    "discount_id": lambda owner: owner.discount.pk,
    "discrepancy_id": lambda owner: Discrepancy.objects.get(organisation=owner.organisation).pk,
    "notification_id": lambda owner: owner.organisation.notifications.first().pk,
    "contact_id": lambda owner: owner.organisation.contacts.get().pk,
    "link_id": lambda owner: owner.organisation.portal_links.get().pk,
    "endpoint_id": lambda owner: owner.organisation.webhook_endpoints.get().pk,
    "delivery_id": lambda owner: owner.organisation.webhook_endpoints.get().deliveries.first().pk,
    "simulation_id": lambda owner: PriceSimulation.objects.get().pk,
    "request_id": lambda owner: owner.organisation.details_requests.get().pk,
    "question_id": lambda owner: owner.invoice.questions.get().pk,
    "certificate_id": lambda owner: owner.organisation.sent_certificates.get().pk,
    "template_id": lambda owner: owner.organisation.invoice_templates.get().pk,
}
# Parameters that name nobody's object: what is behind them is for all, and must only hide the others' part of it.
SHARED: dict[str, dict[str, Any]] = {
    "/api/v1/admin/billing-runs/{run_id}": {},
    "/api/v1/admin/exchange-rates/{base}/{target}": {"base": "USD", "target": "INR"},
}

# What tells of all organisations at once, with the parameters that it needs: only for a key that reaches them all.
OF_EVERYBODY = {"/api/v1/admin/returns/gstr1": "?gstin=29AAACA1234A1ZG&period=2026-10"}

# Unsafe requests whose route names no object: what is sent, naming the other's objects where that is possible, and
# the answer. A new one makes the walk fail until it is described here.
RULE = {
    **{"metric_name": "x", "unit": "y", "currency": "INR", "model": "flat", "amount": "1"},
    "effective_from": "2027-01-01",
}
BODIES: dict[str, tuple[Callable[[Values], Any], set[int]]] = {
    "/api/v1/admin/organisations": (
        lambda ids: {"name": "Q", "billing_email": "q@q.example", "state_code": "29"},
        {403},
    ),
    "/api/v1/admin/metrics": (lambda ids: {"organisation": ids["organisation_id"], "name": "x", "unit": "y"}, {404}),
    "/api/v1/admin/usage-corrections": (
        lambda ids: {"project": ids["project_id"], "event_id": ids["event_id"], "action": "void", "reason": "Q"},
        {404},
    ),
    "/api/v1/admin/usage-imports": (lambda ids: {}, {415}),  # a form with a file: tests/events/test_imports.py sends it
    "/api/v1/admin/pricing-rules": (lambda ids: {**RULE, "organisation": ids["organisation_id"]}, {404}),
    "/api/v1/admin/price-simulations": (
        lambda ids: {"prices": [{**RULE, "organisation": ids["organisation_id"]}]},
        {403},
    ),
    "/api/v1/admin/recurring-fees": (
        lambda ids: {
            "organisation": ids["organisation_id"],
            "description": "Q",
            "amount": "1",
            "effective_from": "2027-01-01",
        },
        {404},
    ),
    "/api/v1/admin/minimum-charges": (
        lambda ids: {
            "organisation": ids["organisation_id"],
            "amount": "1",
            "currency": "INR",
            "effective_from": "2027-01-01",
        },
        {404},
    ),
    "/api/v1/admin/webhook-endpoints": (
        lambda ids: {"organisation": ids["organisation_id"], "url": "https://example.com/q"},
        {404},
    ),
    "/api/v1/admin/invoice-templates": (lambda ids: {"organisation": ids["organisation_id"], "name": "Q"}, {404}),
    "/api/v1/admin/discounts": (
        lambda ids: {
            "organisation": ids["organisation_id"],
            "name": "Q",
            "percent": "1",
            "effective_from": "2027-01-01",
        },
        {404},
    ),
    "/api/v1/admin/pricing/preview": (lambda ids: {"rule_id": ids["rule_id"], "quantity": "1"}, {404}),
    "/api/v1/admin/tax-rates": (lambda ids: {"name": "x", "rate": "5", "effective_from": "2027-01-01"}, {403}),
    "/api/v1/admin/exchange-rates": (
        lambda ids: {"base": "USD", "target": "INR", "rate": "80", "as_of": "2026-01-01"},
        {403},
    ),
    "/api/v1/admin/exchange-rates/sync": (lambda ids: {}, {403}),
    "/api/v1/admin/billing-runs": (lambda ids: {"period": "2026-10"}, {201}),
    "/api/v1/admin/payments/offline": (
        lambda ids: {
            "invoice_id": ids["invoice_id"],
            "amount": "1.00",
            "method": "bank_transfer",
            "reference": "U1",
            "received_on": "2026-01-01",
        },
        {404},
    ),
    "/api/v1/admin/reconciliation/runs": (
        lambda ids: {"first_day": "2026-10-01", "last_day": "2026-10-02", "organisation": ids["organisation_id"]},
        {404},
    ),
    "/api/v1/payments/orders": (lambda ids: {"invoice_id": ids["invoice_id"]}, {404}),
    "/api/v1/payments/links": (lambda ids: {"invoice_id": ids["invoice_id"]}, {404}),
    "/api/v1/payments/verify": (
        lambda ids: {
            "razorpay_order_id": ids["razorpay_order_id"],
            "razorpay_payment_id": "pay_1",
            "razorpay_signature": "0" * 64,
        },
        {404},
    ),
}
# Plain functions, which carry no permission classes to read.
PROJECT_KEY_FUNCTIONS = {"/api/v1/events", "/api/v1/events/batch"}
SIGNED_BY_THE_GATEWAY = {
    "/api/v1/webhooks/razorpay",
    "/api/v1/webhooks/razorpay/{account_id}",
    "/api/v1/webhooks/email/{provider}",
}
# What some object routes need to get as far as looking for the object.
OBJECT_BODIES: dict[str, Any] = {
    "/api/v1/admin/organisations/{organisation_id}/invoices": {"period": "2026-09"},
    "/api/v1/admin/organisations/{organisation_id}/projects": {"name": "Q"},
    "/api/v1/admin/organisations/{organisation_id}/email-kinds": {"switched_off": ["reminder"]},
    "/api/v1/admin/organisations/{organisation_id}/contacts": {"purpose": "billing", "email": "q@q.example"},
    "/api/v1/admin/organisations/{organisation_id}/details-requests": {
        "subject": "party",
        "proposed": {"city": "Q"},
        "asked_by": "Q",
    },
    "/api/v1/admin/projects/{project_id}/api-keys": {"name": "Q"},
    "/api/v1/admin/invoices/{invoice_id}/void": {"reason": "Q"},
    "/api/v1/admin/price-simulations/{simulation_id}/schedule": {"effective_from": "2027-01-01"},
    "/api/v1/admin/payments/{payment_id}/refunds": {"reason": "Q"},
    "/api/v1/admin/reconciliation/discrepancies/{discrepancy_id}/resolve": {"action": "acknowledge"},
    "/api/v1/admin/webhook-endpoints/{endpoint_id}/replay": {"since": "2026-11-01T00:00:00Z"},
    "/api/v1/admin/invoices/{invoice_id}/credit-notes": {"full": True, "reason": "cancelled"},
}


@pytest.fixture
def two_tenants(db: None, settings: Any) -> tuple[Tenant, Tenant]:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "100000/m")
    ours, theirs = tenant(OURS), tenant(THEIRS)
    run_of_both(ours, theirs)
    return ours, theirs


def _api() -> list[Route]:
    found = list(routes())
    assert len(found) >= 20, "the walk did not find the API"
    return found


def _is_for_project_keys(route: Route) -> bool:
    if route.view_class is None:
        return route.template in PROJECT_KEY_FUNCTIONS
    return ProjectKeyPermission in getattr(route.view_class, "permission_classes", [])


def _ids(owner: Tenant) -> Values:
    values = {name: of(owner) for name, of in PARAMETERS.items()}
    return {**values, "razorpay_order_id": owner.order.razorpay_order_id}


def _ids_of_nothing(like: Values) -> Values:
    return {name: value if name == "run_id" else type(value)(str(uuid4())) for name, value in like.items()}


def _call(client: Client, route: Route, method: str, ids: Values) -> Any:
    url = route.url({**ids, **SHARED.get(route.template, {})}) + OF_EVERYBODY.get(route.template, "")
    describe, _expected_status = BODIES.get(route.template, (lambda _ids: OBJECT_BODIES.get(route.template, {}), None))
    body = describe(ids)
    data = {} if method == "GET" else {"data": body, "content_type": "application/json"}
    return getattr(client, method.lower())(url, **data)


def _expected(route: Route, method: str) -> set[int]:
    if route.template in SHARED:
        return {200, 404}
    if route.parameters:
        return {404}
    if route.template in OF_EVERYBODY:
        return {403}
    return {200} if method == "GET" else BODIES[route.template][1]


def _leaks(response: Any, theirs: Tenant) -> set[str]:
    """Secrets of theirs in the answer or its headers, beyond what the request itself named."""
    said = b"".join(response) if response.streaming else response.content
    text = said.decode("utf-8", "replace") + repr(response.headers)
    asked = response.request.get("PATH_INFO", "") + response.request.get("QUERY_STRING", "")
    return {secret for secret in theirs.secrets() if secret in text and secret not in asked}


def test_every_route_is_described_for_this_test() -> None:
    unknown = {
        route.template
        for route in _api()
        if route.template not in PROJECT_KEY_FUNCTIONS | SIGNED_BY_THE_GATEWAY
        and (
            set(route.parameters) - set(PARAMETERS) - set(SHARED.get(route.template, {}))
            or (
                (not route.parameters and set(route.methods) - {"GET"} and route.template not in {*BODIES})
                and not _is_for_project_keys(route)
            )
        )
    }
    assert not unknown, "say in PARAMETERS whose object the route names, or in BODIES what is sent to it"
    described = {*BODIES, *SHARED, *OF_EVERYBODY, *OBJECT_BODIES, *PROJECT_KEY_FUNCTIONS, *SIGNED_BY_THE_GATEWAY}
    assert described <= {route.template for route in _api()}, "a described route is gone"


def test_each_tenant_of_this_test_has_a_row_of_every_model(two_tenants: tuple[Tenant, Tenant]) -> None:
    empty = {model._meta.label for model in tenant_models() if not owned(model, two_tenants[1])}
    assert not empty, "give tests.architecture.tenants one of it, so that the walk can miss it"


def test_an_admin_key_finds_nothing_of_another_organisation(two_tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = two_tenants
    client = factories.client(ours.admin_key)
    wrong = []
    for route in _api():
        if route.template in SIGNED_BY_THE_GATEWAY:
            continue
        for method in (*route.methods, "OPTIONS"):
            answer = _call(client, route, method, _ids(theirs))
            if _is_for_project_keys(route):
                right = {403, 405}
            else:
                right = {200, 403, 404, 405} if method == "OPTIONS" else _expected(route, method)
            if answer.status_code not in right or _leaks(answer, theirs):
                wrong.append((method, route.template, answer.status_code, _leaks(answer, theirs)))
    assert not wrong


def test_another_organisations_object_looks_like_one_that_does_not_exist(two_tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = two_tenants
    client, there, nowhere = factories.client(ours.admin_key), _ids(theirs), _ids_of_nothing(_ids(theirs))
    different = []
    for route in _api():
        if _is_for_project_keys(route) or route.template in SIGNED_BY_THE_GATEWAY | set(SHARED):
            continue
        for method in route.methods:
            if not route.parameters and method == "GET":
                continue
            answers = [_call(client, route, method, ids) for ids in (there, nowhere)]
            seen = [(answer.status_code, _without_ids(answer)) for answer in answers]
            if seen[0] != seen[1] and answers[0].status_code >= 400:
                different.append((method, route.template, *seen))
    assert not different


def _without_ids(answer: Any) -> str:
    """What it says, without what differs between any two answers."""
    return re.sub(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", "…", answer.content.decode())


def test_a_project_key_finds_nothing_of_another_organisation_and_no_admin_endpoint(
    two_tenants: tuple[Tenant, Tenant],
) -> None:
    ours, theirs = two_tenants
    client = factories.client(ours.project_key)
    wrong = []
    for route in _api():
        if route.template in SIGNED_BY_THE_GATEWAY:
            continue
        for method in route.methods:
            answer = _call(client, route, method, _ids(theirs))
            if not _is_for_project_keys(route):
                right = {403}
            elif route.view_class is None:
                right = {400}  # an empty body
            else:
                right = {404} if route.parameters else {200}
            if answer.status_code not in right or _leaks(answer, theirs):
                wrong.append((method, route.template, answer.status_code, _leaks(answer, theirs)))
    assert not wrong


def test_a_key_for_every_organisation_can_read_both_tenants(two_tenants: tuple[Tenant, Tenant], admin_key: str) -> None:
    """The control: the same addresses answer to a key for every organisation, so the 404s above mean something."""
    _ours, theirs = two_tenants
    client, shut, shown = factories.client(admin_key), [], 0
    for route in _api():
        if "GET" in route.methods and not _is_for_project_keys(route) and route.view_class is not None:
            answer = _call(client, route, "GET", _ids(theirs))
            shown += bool(_leaks(answer, theirs))
            if answer.status_code != 200 and "base" not in route.parameters:
                shut.append((route.template, answer.status_code))
    assert not shut
    assert shown >= 5, "the secrets that the walk looks for are ones that would show"


def test_a_billing_run_shows_nothing_of_other_organisations(two_tenants: tuple[Tenant, Tenant]) -> None:
    """A run belongs to all: whoever started it first is named on it, and their key's name is theirs alone."""
    ours, theirs = two_tenants
    started = factories.client(theirs.admin_key).post(
        "/api/v1/admin/billing-runs", {"period": "2026-09"}, content_type="application/json"
    )
    assert started.status_code == 201, started.content
    shown = factories.client(ours.admin_key).get(f"/api/v1/admin/billing-runs/{started.json()['id']}")
    assert not _leaks(shown, theirs)
