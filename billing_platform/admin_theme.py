"""How the operators' admin looks: Unfold's settings, and the sidebar by operator job."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def environment(_request: HttpRequest) -> tuple[str, str]:
    """The label in the header: red where mistakes cost money."""
    name = settings.ENVIRONMENT
    return name.capitalize(), "danger" if name == "production" else "info"


def _item(title: str, icon: str, model: str, permission: str = "") -> dict[str, Any]:
    """A list in the sidebar, for whoever may see its model, or whom the function of that name lets."""
    app_label, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app_label}_{name}_changelist"),
        "permission": permission or (lambda request: request.user.has_perm(f"{app_label}.view_{name}")),
    }


def _group(title: str, *items: tuple[str, ...]) -> dict[str, Any]:
    return {"title": title, "items": [_item(*item) for item in items]}


_NAVIGATION = [
    {
        "title": "Today",
        "items": [
            {"title": "Dashboard", "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
            _item("Organisations", "apartment", "organisations.organisation"),
        ],
    },
    _group(
        "Usage",
        ("Usage explorer", "monitoring", "events.usageaggregate"),
        ("Events", "list_alt", "events.usageevent"),
        ("Accepted batches", "inbox", "events.eventbatch"),
        ("Days accepted", "inventory", "events.hotlogday", "events.admin.hot_log_day.is_for"),
        ("Dead letters", "mail_off", "events.deadletter"),
        ("Corrections", "undo", "events.usagecorrection"),
        ("Metrics", "speed", "events.metric"),
        ("Months", "calendar_month", "events.usageperiod"),
    ),
    _group(
        "Pricing",
        ("Pricing rules", "sell", "invoicing.pricingrule"),
        ("Tax rates", "percent", "invoicing.taxrate"),
        ("Exchange rates", "currency_exchange", "invoicing.exchangerate"),
    ),
    _group(
        "Invoices",
        ("Invoices", "receipt_long", "invoicing.invoice"),
        ("Billing runs", "event_repeat", "invoicing.billingrun"),
        ("Run items", "checklist", "invoicing.billingrunitem"),
        ("Number series", "tag", "invoicing.numbersequence", "invoicing.admin.rates.sees_series"),
    ),
    _group(
        "Payments",
        ("Payments", "payments", "payments.payment"),
        ("Orders and links", "shopping_cart", "payments.paymentorder"),
        ("Allocations", "call_split", "payments.paymentallocation"),
        ("Webhooks", "webhook", "payments.inboundwebhook"),
    ),
    _group(
        "People",
        ("Projects", "deployed_code", "organisations.project"),
        ("API keys", "key", "organisations.apikey"),
        ("Users", "person", "auth.user"),
        ("Memberships", "badge", "organisations.membership"),
    ),
    _group(
        "System",
        ("Audit log", "policy", "organisations.auditentry"),
        ("E-mails", "mail", "organisations.notification"),
        ("Sellers", "storefront", "organisations.billingentity"),
        ("Periodic jobs", "schedule", "django_celery_beat.periodictask"),
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
    "ENVIRONMENT": "billing_platform.admin_theme.environment",
    "STYLES": [lambda _request: static("billing_platform/admin.css")],
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
