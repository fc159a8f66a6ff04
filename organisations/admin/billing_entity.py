"""Sellers: their name, GSTIN and invoice numbers are printed on invoices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import ModelAdmin
from organisations.admin.amounts import AmountsField
from organisations.models import BillingEntity
from organisations.services import sellers

PAYMENT_DETAILS = (
    "bank_name", "bank_address", "bank_account_number", "bank_ifsc", "bank_swift", "correspondent_bank", "upi_id",
)  # fmt: skip

NUMBERS = ("invoice_prefix", "credit_note_prefix", "number_separator", "number_year", "number_width")

E_INVOICES = ("e_invoices_from", "e_invoices_within_30_days", "e_invoices_hold_mail", "e_invoices_by_client")


class BillingEntityForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to mypy only
    approve_above = AmountsField(
        label="Approval above", required=False, help_text=BillingEntity._meta.get_field("approve_above").help_text
    )


@admin.register(BillingEntity)
class BillingEntityAdmin(ModelAdmin):
    form = BillingEntityForm
    empty_hint = "An invoice needs a seller: add the legal entity whose GSTIN stands on it."
    list_on_a_phone = ("name", "gstin", "country", "is_default")
    list_display = ("name", "legal_name", "gstin", "state_code", "country", "invoice_prefix", "is_default", "is_test")
    list_filter = ("country", "is_default", "is_test")
    search_fields = ("name", "legal_name", "gstin")
    fieldsets = (
        (None, {"fields": ("name", "legal_name", "email", "phone", "time_zone", ("is_default", "is_test"))}),
        ("Address", {"fields": ("address_line1", "address_line2", "city", "postal_code", "country")}),
        (
            "Tax",
            {"fields": (("gstin", "state_code"), ("tax_id", "tax_id_kind"), "pan", ("default_sac", "round_total"))},
        ),
        ("Registrations", {"fields": ("cin", "udyam")}),
        ("E-invoices", {"fields": E_INVOICES}),
        ("Numbers", {"fields": NUMBERS}),
        (
            "Issuing",
            {
                "fields": (
                    ("draft_days", "four_eyes"),
                    ("approve_above", "approve_change_percent"),
                    ("approve_first", "approve_edited"),
                )
            },
        ),
        ("Collecting online", {"fields": ("link_days", "first_part_percent", "pay_page_days")}),
        ("Payment details", {"fields": PAYMENT_DETAILS}),
        ("Refunds", {"fields": ("credit_note_on_refund",)}),
        ("Branding", {"fields": ("logo", "brand_colour")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A change of numbers is an action of its own, which shows the next ones before it acts. A test
        seller is one for ever."""
        return () if obj is None else (*NUMBERS, "is_test")

    def create(self, request: HttpRequest, values: dict[str, Any]) -> BillingEntity:
        return sellers.create_seller(**values)

    def update(self, request: HttpRequest, obj: BillingEntity, changes: dict[str, Any]) -> None:
        sellers.update_seller(seller=obj, **changes)
