"""On a seller's page: how it asks again for what was not paid, and what being late costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest

from billing_platform.lib.admin.base import ActionForm, Extension, extends, object_action
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_percent, short_text
from organisations.models import BillingEntity
from payments.models import DunningRules
from payments.models.dunning_rules import rules_of
from payments.services.dunning.rules import set_dunning_rules


class RulesForm(ActionForm):
    """`obj` is the seller. The fields are those of the model, with its bounds and words."""

    NAMES = (
        "reminders_on", "steps", "msme_notice", "retries_on", "max_retries", "base_hours", "factor", "cap_hours",
        "late_fee_percent", "late_fee_fixed", "late_fee_grace_days", "late_fee_most",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = rules_of(self.obj.pk)
        for name in self.NAMES:
            if name == "steps":
                self.fields[name] = forms.CharField(
                    label="Reminders on days",
                    initial=", ".join(map(str, rules.steps)),
                    help_text="After the due date, with commas; below zero: before it. Each is sent once.",
                )
                continue
            column: Any = DunningRules._meta.get_field(name)
            self.fields[name] = column.formfield(initial=_initial(getattr(rules, name)))

    def clean_steps(self) -> list[int]:
        try:
            return sorted(int(part) for part in self.cleaned_data["steps"].replace("−", "-").split(",") if part.strip())
        except ValueError:
            raise forms.ValidationError("Write whole days with commas between them: -3, 0, 7.") from None


def _initial(value: Any) -> Any:
    return short_text(value) if not isinstance(value, bool | int) else value


def rules_facts(rules: DunningRules) -> Iterator[tuple[str, Any]]:
    yield "Reminders", steps_text(rules.steps) if rules.reminders_on and rules.steps else "Off"
    schedule = rules.schedule
    pauses = " · ".join(_hours(schedule.pause(number)) for number in range(1, schedule.attempts + 1))
    yield "Retries of failed payments", f"{schedule.attempts} attempts, after {pauses}" if rules.retries_on else "Off"
    yield "Late fee", _fee_text(rules)


def steps_text(steps: Sequence[int]) -> str:
    """-3, 0, 3, 7 → 3 days before, on, and 3 and 7 days after the due date."""
    before, after = [-step for step in steps if step < 0], [step for step in steps if step > 0]
    parts = [f"{_listed(before)} before"] if before else []
    parts += ["on"] if 0 in steps else []
    parts += [f"{_listed(after)} after"] if after else []
    return f"{', '.join(parts[:-1])}{', and ' if parts[1:] else ''}{parts[-1]} the due date"


def _listed(days: Sequence[int]) -> str:
    texts = [str(day) for day in days]
    listed = " and ".join([", ".join(texts[:-1]), texts[-1]] if texts[1:] else texts)
    return f"{listed} day{'' if listed == '1' else 's'}"


def _hours(pause: Any) -> str:
    return f"{pause.total_seconds() / 3600:g} h"


def _fee_text(rules: DunningRules) -> str:
    grace = f", after {rules.late_fee_grace_days} days of grace" if rules.late_fee_grace_days else ""
    if rules.late_fee_most:
        grace += f", at most {format_percent(rules.late_fee_most)} of the invoice in all"
    if rules.late_fee_percent:
        return f"{format_percent(rules.late_fee_percent)} of what is due for each 30 days{grace}"
    return f"{format_money(rules.late_fee_fixed, 'INR')} once{grace}" if rules.late_fee_fixed > ZERO else "None"


@extends(BillingEntity)
class DunningOfSeller(Extension):
    @object_action(
        label="Reminders and retries",
        permission="payments.change_dunningrules",
        form=RulesForm,
        confirm="For all customers of this seller, from now on. What was sent stays sent; retries that run keep their "
        "own pauses. A late fee stands on the customer's next invoice, with GST.",
        facts=lambda _request, seller: rules_facts(rules_of(seller.pk)),
        icon="campaign",
    )
    def dunning(self, request: HttpRequest, seller: BillingEntity, **answers: Any) -> str:
        set_dunning_rules(seller=seller, **answers)
        return "The rules are stored."
