"""How the operators' admin looks: Unfold's settings, and the sidebar by operator job."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import lazy
from django.utils.text import capfirst


def environment(_request: HttpRequest) -> tuple[str, str]:
    """The label in the header: red where mistakes cost money."""
    name = settings.ENVIRONMENT
    return name.capitalize(), "danger" if name == "production" else "info"


def list_title(model: str) -> str:
    """What a model's rows are called together, as written on the model: each thing has one name on every page."""
    return str(capfirst(str(apps.get_model(model)._meta.verbose_name_plural)))


def _item(icon: str, model: str, permission: str = "") -> dict[str, Any]:
    """A list in the sidebar, for whoever may see its model, or whom the function of that name lets."""
    app_label, name = model.split(".")
    return {
        "title": lazy(list_title, str)(model),  # read when a page is rendered: the settings come before the models
        "icon": icon,
        "link": reverse_lazy(f"admin:{app_label}_{name}_changelist"),
        "permission": permission or (lambda request: request.user.has_perm(f"{app_label}.view_{name}")),
    }


def _group(title: str, *items: tuple[str, ...], collapsible: bool = False) -> dict[str, Any]:
    return {"title": title, "items": [_item(*item) for item in items], "collapsible": collapsible}


# By what an operator is doing; the daily work first, so that it can be seen without scrolling at a height of 900 px.
_NAVIGATION = [
    {"items": [{"title": "Dashboard", "icon": "space_dashboard", "link": reverse_lazy("admin:index")}]},
    _group(
        "Customers",
        ("apartment", "organisations.organisation"),
        ("deployed_code", "organisations.project"),
        ("key", "organisations.apikey"),
    ),
    _group(
        "Invoices",
        ("receipt_long", "invoicing.invoice"),
        ("event_repeat", "invoicing.billingrun"),
    ),
    _group(
        "Payments",
        ("payments", "payments.payment"),
        ("undo", "payments.refund"),
        ("add_link", "payments.paymentorder"),
    ),
    _group(
        "Usage",
        ("monitoring", "events.usageaggregate"),
        ("list_alt", "events.usageevent"),
        ("mail_off", "events.deadletter"),
        ("undo", "events.usagecorrection"),
        ("speed", "events.metric"),
        ("calendar_month", "events.usageperiod"),
    ),
    _group(
        "Prices and rates",
        ("sell", "invoicing.pricingrule"),
        ("percent", "invoicing.taxrate"),
        ("currency_exchange", "invoicing.exchangerate"),
    ),
    _group(
        "People",
        ("person", "auth.user"),
        ("badge", "organisations.membership"),
        ("policy", "organisations.auditentry"),
    ),
    _group(
        "System",
        ("storefront", "organisations.billingentity"),
        ("mail", "organisations.notification"),
        ("webhook", "payments.inboundwebhook"),
        ("schedule", "django_celery_beat.periodictask"),
        ("inbox", "events.eventbatch"),
        ("inventory", "events.hotlogday", "events.admin.hot_log_day.is_for"),
        ("checklist", "invoicing.billingrunitem"),
        ("call_split", "payments.paymentallocation"),
        ("tag", "invoicing.numbersequence", "invoicing.admin.rates.sees_series"),
        collapsible=True,
    ),
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Metrics Billing",
    "SITE_HEADER": "Metrics Billing",
    "SITE_URL": None,  # the sign-in page would offer to return to itself
    "SITE_SYMBOL": "receipt_long",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("billing_platform/favicon.svg")}
    ],
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "billing_platform.backoffice.theme.environment",
    "STYLES": [lambda _request: static("billing_platform/admin.css")],
    "SCRIPTS": [lambda _request: static("billing_platform/named_fields.js")],
    "COLORS": {
        "primary": {
            "50": "#eef5fb",
            "100": "#d9e8f5",
            "200": "#b5d2ea",
            "300": "#86b5db",
            "400": "#6ba6dd",
            "500": "#4f93d2",
            "600": "#285f95",
            "700": "#1f4e79",
            "800": "#1b4063",
            "900": "#193753",
            "950": "#102338",
        }
    },
    "SIDEBAR": {"show_search": True, "navigation": _NAVIGATION},
}
