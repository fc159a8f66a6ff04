"""One line of an invoice, with the working behind its amount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin import ReadOnlyAdmin, link, money, numeric
from billing_platform.lib.admin_display import EMPTY
from invoicing.models import InvoiceLine


def plain(number: Any) -> str:
    """A quantity or price without trailing zeros."""
    return EMPTY if number is None else f"{number.normalize():,f}"


def _figure(text: str) -> str:
    """One of a step's numbers; a price or fee that the step hasn't got is written 0, and shown as none."""
    return plain(Decimal(text)) if text not in ("", "0") else EMPTY


@admin.register(InvoiceLine)
class InvoiceLineAdmin(ReadOnlyAdmin):
    """Reached from its invoice; not in the sidebar."""

    empty_hint = "Lines come with invoices."
    list_on_a_phone = ("invoice_link", "description", "quantity_text", "total")
    list_display = ("invoice_link", "position", "description", "kind", "quantity_text", "total")
    list_filter = ("invoice__organisation", "kind")
    search_fields = ("invoice__number", "description", "metric_name")
    list_select_related = ("invoice",)
    show_full_result_count = False
    ordering = ("-invoice__created_at", "position")
    fieldsets = (
        (None, {"fields": ("invoice", "position", "description", "kind", "project")}),
        ("Amount", {"fields": ("quantity_text", "price_text", "total", "sac", "pricing_rule")}),
        ("Usage", {"fields": ("metric_name", "unit", "dimensions", "service_start", "service_end", "usage_month")}),
        ("Working", {"fields": ("working",)}),
    )

    invoice_link = link("invoice")
    total = money("amount", currency="invoice__currency")

    @numeric
    @admin.display(description="Quantity", ordering="quantity")
    def quantity_text(self, line: InvoiceLine) -> str:
        return f"{plain(line.quantity)} {line.unit_label or line.unit}".strip()

    @numeric
    @admin.display(description="Unit price")
    def price_text(self, line: InvoiceLine) -> str:
        return plain(line.unit_price)

    @admin.display(description="Step by step")
    def working(self, line: InvoiceLine) -> Any:
        columns = (("quantity", "Quantity"), ("unit_price", "Unit price"), ("flat_fee", "Fee"), ("amount", "Amount"))
        rows = format_html_join(
            "",
            "<tr><td>{}</td>{}</tr>",
            (
                (
                    step.get("description", ""),
                    format_html_join(
                        "", '<td class="number">{}</td>', ((_figure(step.get(key, "")),) for key, _name in columns)
                    ),
                )
                for step in line.explanation
            ),
        )
        head = format_html_join("", '<th class="number">{}</th>', ((name,) for _key, name in columns))
        return format_html(
            '<div class="facts-scroll"><table class="facts"><tr><th>Step</th>{}</tr>{}</table></div>', head, rows
        )
