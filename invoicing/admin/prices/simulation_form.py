"""The form of a price simulation: the price form itself, with months and customers in place of days."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.validators import choices_of, validate_currency
from invoicing.admin.prices.price_form import BOUNDS, IDENTITY, PriceForm
from invoicing.admin.prices.price_parts import PARTS, typed_of
from invoicing.models import PriceSimulation, PricingRule
from invoicing.models.price_simulation import MOST_MONTHS
from invoicing.services.prices.drafts import draft, stored_draft
from organisations.models import Organisation

RULE, AGAIN, TOGETHER = "rule", "again", "together"
"""What the form's address may name: a price to begin with, a simulation to change, one whose drafts stay."""
MOST_NAMED = 5
_PRICE = ("may_be_exchanged", "pool", "model", *BOUNDS)


class SimulationForm(ActionForm, PriceForm):
    """A draft is a price without days and without a reason: nothing is changed by it."""

    reads_price_only = True
    bills_late = None  # type: ignore[assignment]  # a draft bills nothing
    reason = None  # type: ignore[assignment]
    currency = forms.ChoiceField(choices=choices_of([validate_currency]) or ())
    months = forms.TypedChoiceField(
        label="Months to price anew",
        coerce=int,
        initial=3,
        choices=[(1, "The last closed month"), *((each, f"The last {each}") for each in range(2, MOST_MONTHS + 1))],
    )
    customers = forms.CharField(
        label="Only these customers",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Slugs or names, a line for each. Empty: all whom the price reaches.",
    )
    together = forms.UUIDField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = PricingRule
        fields = (*IDENTITY, *_PRICE)

    field_order = ("organisation", "metric_name", "unit", "currency", "model", *PARTS, *BOUNDS)

    def __init__(self, *args: Any, initial: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, initial={**_known(initial or {}), **(initial or {})}, **kwargs)
        self.order_fields((*self.field_order, "pool", "may_be_exchanged", "dimensions", "months", "customers"))
        self.draft: PricingRule | None = None
        self.others: list[PricingRule] = []
        self.chosen: list[Organisation] = []

    @property
    def answers(self) -> dict[str, Any]:
        return {
            "drafts": [*self.others, self.draft],
            "months": self.cleaned_data["months"],
            "customers": self.chosen,
        }

    def clean_customers(self) -> str:
        typed: str = self.cleaned_data["customers"]
        names = list(dict.fromkeys(name.strip() for name in typed.splitlines() if name.strip()))
        found = {
            key.casefold(): each
            for each in Organisation.objects.filter(slug__in=names) | Organisation.objects.filter(name__in=names)
            for key in (each.name, each.slug)
        }
        unknown = [name for name in names if name.casefold() not in found]
        if unknown:
            more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
            raise ValidationError(f"There is no customer {', '.join(unknown[:MOST_NAMED])}{more}.")
        self.chosen = [found[name.casefold()] for name in names]
        return typed

    def clean_together(self) -> UUID | None:
        named: UUID | None = self.cleaned_data["together"]
        if named is not None:
            simulation = PriceSimulation.objects.filter(pk=named).first()
            if simulation is None:
                raise ValidationError("The simulation whose prices belong to it is gone.")
            self.others = [stored_draft(body) for body in simulation.drafts]
        return named

    def clean(self) -> dict[str, Any]:
        answers = super().clean()
        if self.errors:
            return answers
        values = {name: answers[name] for name in (*IDENTITY, "may_be_exchanged", "pool")}
        try:
            self.draft = draft(price=self.body, **values)
        except InvalidInput as error:
            for name, sentences in error.details.items():
                self.add_error(name if name in self.fields else None, sentences)
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                self.add_error(name if name in self.fields else None, messages)
        return answers


def _known(given: dict[str, Any]) -> dict[str, Any]:
    """What the form begins with: the price of a stored rule, or of the last draft of a simulation."""
    if rule := _row(PricingRule, given.get(RULE)):
        return _typed(rule)
    simulation = _row(PriceSimulation, given.get(AGAIN) or given.get(TOGETHER))
    if simulation is None:
        return {"currency": Organisation._meta.get_field("currency").get_default()}
    chosen = Organisation.objects.filter(pk__in=simulation.chosen or ()).order_by("name")
    span = {"months": simulation.months, "customers": "\n".join(chosen.values_list("slug", flat=True))}
    if given.get(TOGETHER):
        return {**span, "currency": simulation.drafts[-1]["currency"]}
    return {**span, **_typed(stored_draft(simulation.drafts[-1]))}


def _typed(rule: PricingRule) -> dict[str, Any]:
    names = (*(name for name in IDENTITY if name != "organisation"), *_PRICE)
    own = {"organisation": rule.organisation_id} if rule.organisation_id else {}
    return {name: getattr(rule, name) for name in names} | typed_of(rule.parameters) | own


def _row(model: Any, pk: Any) -> Any:
    try:
        return model.objects.filter(pk=UUID(str(pk))).first() if pk else None
    except ValueError:
        return None
