"""The form of a price: fields made from the description of each model, tables of rows, and a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from billing_platform.lib.admin.rows import RowsField, RowsWidget, filled
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.limits import MAX_PRICE_DIMENSIONS, REASON_LENGTH
from billing_platform.lib.number_formats import short_text
from billing_platform.lib.validators import validate_line
from invoicing.admin.prices.price_parts import (
    MODELS,
    PARTS,
    TIER_COLUMNS,
    Kind,
    Part,
    body_of,
    tier_faults,
    typed_of,
)
from invoicing.computing.days import days_of
from invoicing.models import PricingRule
from invoicing.pricing import Price, PriceError, price_from_dict
from invoicing.services.prices import price_book
from invoicing.services.prices.billed_months import OpenMonth, changed_days, open_months
from invoicing.services.prices.price_surroundings import Surroundings
from invoicing.services.prices.repriced_amounts import RepricedMonth, repriced_amounts
from organisations.operators_clock import operators_today

NAMED = 5  # months that the sentence about usage names; the others are counted
IDENTITY = ("organisation", "metric_name", "unit", "currency", "dimensions")
SAVED = (*IDENTITY, "may_be_exchanged", "pool", "effective_from", "effective_to")
BOUNDS = ("free_units", "minimum", "maximum", "charge_at_zero")


class DimensionsField(RowsField):
    """Names and values of dimensions, as the model stores them."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return [{"name": name, "value": text} for name, text in sorted(value.items())]
        return value

    def clean(self, value: Any) -> Any:
        found: dict[str, str] = {}
        for row in filled(value or ()):
            name = row.get("name", "")
            if not name or not row.get("value"):
                raise ValidationError("Write a name and a value in each row.")
            if name in found:
                raise ValidationError(f"{name} is named twice: a price is for one value of each dimension.")
            found[name] = row["value"]
        if len(found) > MAX_PRICE_DIMENSIONS:
            raise ValidationError(f"Name at most {MAX_PRICE_DIMENSIONS} dimensions.")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def reason_field() -> forms.CharField:
    return forms.CharField(
        max_length=REASON_LENGTH,
        required=False,
        validators=[validate_line],
        help_text="Stored in the history. Needed if usage that was counted already gets another price.",
    )


def field_of(part: Part) -> forms.Field:
    """The form's field for a part of a price."""
    traits: dict[str, Any] = {"label": part.label, "help_text": part.help, "required": False}
    if part.kind == Kind.TIERS:
        return RowsField(widget=RowsWidget(TIER_COLUMNS, add="Add tier", ordered=True), **traits)
    if part.kind == Kind.CHOICE:
        return forms.ChoiceField(choices=part.choices, **traits)
    return forms.CharField(max_length=64, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **traits)


class ReasonedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to mypy only
    """A form that tells which counted usage the change would price anew, and then asks why it is made."""

    page: Any = None
    parts: Mapping[str, Part] = {}
    """What the form asks for beside columns of the rule."""
    permitted: Callable[[PricingRule], bool] = staticmethod(lambda _rule: True)
    """Whether the user may save the rule: only then the form tells of customers and their months."""
    around: Surroundings | None = None
    """What was read for a whole list of prices."""
    reason = reason_field()

    class Meta:
        model = PricingRule
        fields = ("effective_to",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= {name: field_of(part) for name, part in self.parts.items()}
        self.before = self._before()
        self.reprices: tuple[OpenMonth, ...] = ()
        if self.page is not None:
            self.page.style_form(self)

    def _before(self) -> PricingRule | None:
        """The rule as it is stored; None for a new one."""
        return None if self.instance._state.adding else PricingRule.objects.filter(pk=self.instance.pk).first()

    def changes(self) -> list[Any]:
        """The rules and days that the change touches, as invoicing.services.prices.billed_months asks for them."""
        if self.before is None:
            return [(self.instance, days_of(self.instance))]
        return changed_days(self.before, self.instance)

    def changes_the_price(self) -> bool:
        raise NotImplementedError

    def columns(self) -> dict[str, Any]:
        """What was changed beside the price, with the reason; of a new rule all that was typed."""
        named = [name for name in SAVED if name in self.cleaned_data]
        if self.before is not None:
            named = [name for name in named if name in self.changed_data]
        return {name: self.cleaned_data[name] for name in (*named, "reason")}

    def has_changes(self) -> bool:
        return self.changes_the_price() or len(self.columns()) > 1

    def save_by_service(self) -> PricingRule:
        """Saves what was typed by a service, which refuses changes of a billed rule and of a billed month."""
        raise NotImplementedError

    def repriced(self) -> list[RepricedMonth]:
        """What the change makes of the months that it would price anew; of a form that lacks its reason only."""
        if {*self.errors} != {"reason"}:
            return [RepricedMonth(month) for month in self.reprices]
        self.cleaned_data.setdefault("reason", "")
        return repriced_amounts(self.reprices, change=self.save_by_service)

    def _post_clean(self) -> None:
        """Of another price on the same days the service says which, and the way out: more than the constraint can."""
        super()._post_clean()  # type: ignore[misc]  # not among Django's types
        if {*self.errors} == {NON_FIELD_ERRORS} and price_book.overlapping(self.instance) is not None:
            del self.errors[NON_FIELD_ERRORS]
        if self.errors or not self.permitted(self.instance):
            return
        self.reprices = open_months(self.changes(), today=operators_today(), around=self.around)
        if not self.cleaned_data.get("reason") and (question := asks_why(self.reprices)):
            self.add_error("reason", question)


def asks_why(months: Sequence[OpenMonth]) -> str:
    """The sentence that asks for a reason, where usage that had a price gets another one; else empty."""
    changed = [month for month in months if month.had_a_price]
    if not changed:
        return ""
    others = len(changed) - NAMED
    more = f" and {others} more" if others > 0 else ""
    named = ", ".join(str(month) for month in changed[:NAMED])
    return f"Usage that is counted and not yet invoiced gets another price: {named}{more}. Say why."


class EndingForm(ReasonedForm):
    """A rule that is on an issued invoice can only be ended."""

    def changes_the_price(self) -> bool:
        return False

    def save_by_service(self) -> PricingRule:
        return price_book.update_pricing_rule(rule_id=self.instance.pk, **self.columns())


class PriceForm(ReasonedForm):
    """A rule with its price. `follows` is the rule that a new version comes after."""

    follows: PricingRule | None = None
    parts = PARTS
    reads_price_only = False
    """For a preview: what is checked against stored rules is left out."""
    bills_late = forms.BooleanField(
        required=False,
        label="Bill late what had no price",
        help_text="Usage of invoiced months that had no price is charged by the next invoice. Without it, a price may "
        "not reach into such a month.",
    )
    dimensions = DimensionsField(
        required=False,
        widget=RowsWidget({"name": "Dimension", "value": "Value"}, add="Add dimension"),
        help_text="Usage with these values only, such as region: in. Empty: any.",
    )

    class Meta:
        model = PricingRule
        fields = (*IDENTITY, "may_be_exchanged", "pool", "model", *BOUNDS, "effective_from", "effective_to")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        if instance is not None:
            kwargs["initial"] = {**typed_of(instance.parameters), **(kwargs.get("initial") or {})}
        self.price: Price | None = None
        super().__init__(*args, **kwargs)
        for name, value in self.initial.items():
            if isinstance(value, Decimal):  # as a person would type it: 0 instead of 0E-8
                self.initial[name] = short_text(value)
        if self.follows is not None or self.before is not None:
            del self.fields["bills_late"]
        if self.follows is not None:
            del self.fields["dimensions"]
            for name in IDENTITY:
                setattr(self.instance, name, getattr(self.follows, name))
        for name in ("metric_name", "unit"):
            if name in self.fields:
                self.fields[name].widget.attrs["list"] = f"known-{name}"

    def changes(self) -> list[Any]:
        if self.follows is None:
            return super().changes()
        ended = price_book.ended(self.follows, self.instance.effective_from)
        return [*changed_days(self.follows, ended), (self.instance, days_of(self.instance))]

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        self.instance.parameters = {}
        if answers.get("model"):
            self._read_price(answers)
        if self.follows is not None and answers.get("effective_from"):
            try:
                price_book.check_follows(self.follows, answers["effective_from"])
            except InvalidInput as error:
                self.add_error("effective_from", error.details["effective_from"])
        return answers

    @property
    def body(self) -> dict[str, Any]:
        """The price as the services take it."""
        answers = self.cleaned_data
        return body_of(answers["model"], answers) | {name: answers[name] for name in BOUNDS}

    def save_by_service(self) -> PricingRule:
        if self.follows is not None:
            return price_book.new_version(rule_id=self.follows.pk, price=self.body, **self.columns())
        if self.before is None:
            late = self.cleaned_data["bills_late"]
            return price_book.create_pricing_rule(price=self.body, bills_late=late, **self.columns())
        price = self.body if self.changes_the_price() else None
        return price_book.update_pricing_rule(rule_id=self.before.pk, price=price, **self.columns())

    def _post_clean(self) -> None:
        if not self.reads_price_only:
            super()._post_clean()

    def _read_price(self, answers: dict[str, Any]) -> None:
        """The price of what was typed, or its faults at their fields."""
        if "tiers" in MODELS[answers["model"]].parts and (faults := tier_faults(answers.get("tiers") or ())):
            self.add_error("tiers", faults)
        if self.errors.keys() & {*PARTS, *BOUNDS}:
            return
        try:
            self.price = price_from_dict(self.body)
        except PriceError as error:
            name = error.path.partition("[")[0]
            self.add_error(name if name in self.fields else None, error.sentence)
            return
        self.instance.parameters = self.price.model.to_dict()

    def changes_the_price(self) -> bool:
        """Whether the price is another one: 0.20 and 0.2 are the same."""
        return self.before is None or self.before.price != self.price
