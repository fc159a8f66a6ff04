"""What the pages of discrepancies ask before somebody decides, about one or about many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest

from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.number_formats import format_money
from invoicing.rates import BOOKS
from reconciliation.models import Discrepancy
from reconciliation.selectors.people import who_may_resolve


class NoteForm(ActionForm):
    note = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=REASON_LENGTH,
        required=False,
        help_text="What you know so far.",
    )


class ReasonForm(ActionForm):
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=REASON_LENGTH,
        help_text="Why it stays as it is. An auditor reads this.",
    )


class AssignForm(ActionForm):
    """Offers who may decide about the object, or about each of the rows."""

    assigned_to: Any = forms.ModelChoiceField(
        None,
        required=False,
        to_field_name="username",
        empty_label="Nobody",
        help_text="Those who may decide about it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assigned_to"].queryset = who_may_resolve(self._whose())
        if isinstance(self.obj, Discrepancy):
            self.fields["assigned_to"].initial = self.obj.assigned_to

    def _whose(self) -> list[UUID | None]:
        if isinstance(self.obj, Discrepancy):
            return [self.obj.organisation_id]
        return [] if self.obj is None else list(self.obj.order_by().values_list("organisation", flat=True).distinct())


def facts_of(_request: HttpRequest, discrepancy: Discrepancy) -> Iterator[tuple[str, Any]]:
    yield "About", discrepancy.about
    yield "What is wrong", discrepancy.get_kind_display()
    yield "Expected", discrepancy.expected
    yield "Found", discrepancy.found
    if discrepancy.worth is not None:
        yield "Worth about", format_money(discrepancy.worth, BOOKS)
