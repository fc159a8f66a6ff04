"""Letters of undertaking, one for each seller and financial year; and on the seller's page, those that it has."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from billing_platform.lib.admin.base import (
    Extension,
    ModelAdmin,
    attention_filter,
    badge,
    extends,
    link,
)
from billing_platform.lib.ids import read_uuid
from invoicing.models import LetterOfUndertaking
from invoicing.selectors.indian_deadlines import indian_today
from invoicing.selectors.letters import days_of_next_letter, sellers_with_ending_lut
from invoicing.services import letters
from organisations.models import BillingEntity

AttentionFilter = attention_filter(
    lut=(
        "LUT expired, or ends within 30 days",
        lambda rows, _user: rows.filter(pk__in=sellers_with_ending_lut(today=indian_today()).values("pk")),
    )
)


def new_letter_address(seller: BillingEntity) -> str:
    """The form of a seller's next letter, with its days."""
    query = urlencode({"billing_entity": str(seller.pk)})
    return f"{reverse('admin:invoicing_letterofundertaking_add')}?{query}"


@admin.register(LetterOfUndertaking)
class LetterOfUndertakingAdmin(ModelAdmin):
    empty_hint = "With a letter of undertaking, exports and supplies to Special Economic Zones are not charged IGST."
    deletable = True
    list_on_a_phone = ("number", "seller", "year", "state")
    list_display = ("number", "seller", "year", "valid_from", "valid_to", "state")
    list_filter = ("billing_entity", "valid_from")
    list_select_related = ("billing_entity",)
    search_fields = ("number", "billing_entity__name")
    fields = ("billing_entity", "number", ("valid_from", "valid_to"))

    seller = link("billing_entity", "Seller")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("billing_entity",) if obj is not None else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The seller's next letter, where it is known whose: days of its year."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        sellers = BillingEntity.objects.exclude(gstin="").values_list("pk", flat=True)
        if "billing_entity" not in given and len(some := sellers[:2]) == 1:
            given["billing_entity"] = str(some[0])
        if seller := read_uuid(given.get("billing_entity", "")):
            first, last = days_of_next_letter(seller, today=indian_today())
            given = {"valid_from": first, "valid_to": last} | given
        return given

    def create(self, request: HttpRequest, values: dict[str, Any]) -> LetterOfUndertaking:
        return letters.add_letter(**values)

    def update(self, request: HttpRequest, obj: LetterOfUndertaking, changes: dict[str, Any]) -> None:
        letters.update_letter(letter=obj, **changes)

    def delete_model(self, request: HttpRequest, obj: LetterOfUndertaking) -> None:
        letters.remove_letter(letter=obj)

    @admin.display(description="Financial year", ordering="valid_from")
    def year(self, letter: LetterOfUndertaking) -> str:
        return letter.financial_year

    @admin.display(description="State")
    def state(self, letter: LetterOfUndertaking) -> Any:
        today = indian_today()
        if letter.valid_from > today:
            return badge("To come", "info")
        return badge("In force", "success") if letter.valid_to >= today else badge("Ended")


@extends(BillingEntity)
class LettersOfSeller(Extension):
    list_filter = (AttentionFilter,)
    related_lists = ((LetterOfUndertaking, "billing_entity__id__exact"),)
