"""What forms of the admin are typed into: Unfold's widgets, by the names that our pages know them by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold import widgets
from unfold.contrib.filters.forms import AutocompleteDropdownForm

from billing_platform.lib.number_formats import short_text

DecimalInput = widgets.UnfoldAdminDecimalFieldWidget
Textarea = widgets.UnfoldAdminTextareaWidget

WIDGETS = (
    (forms.DateField, widgets.UnfoldAdminSingleDateWidget),
    (forms.DecimalField, widgets.UnfoldAdminDecimalFieldWidget),
    (forms.IntegerField, widgets.UnfoldAdminIntegerFieldWidget),
    (forms.BooleanField, widgets.UnfoldBooleanSwitchWidget),
    (forms.FileField, widgets.UnfoldAdminFileFieldWidget),
)


class DayInput(forms.DateInput):
    """A day, with the browser's own calendar. Unfold's needs scripts and a catalogue of words that only forms
    which change something load."""

    has_own_looks = True
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(attrs=widgets.UnfoldAdminTextInputWidget().attrs, format="%Y-%m-%d")


class OwnOptions:
    """Writes the options of a menu itself, where they are not in groups: with a template for each, 200 customers took
    more than half of a page's time, and the 600 time zones most of it. The frame around them stays Unfold's."""

    has_own_looks = True
    choices: Any

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        choices = list(self.choices)
        if any(isinstance(label, list | tuple) for _key, label in choices):
            return super().render(name, value, attrs, renderer)  # type: ignore[misc,no-any-return]  # a mixin
        given, self.choices = self.choices, []
        try:
            frame = str(super().render(name, value, attrs, renderer))  # type: ignore[misc]  # a mixin
        finally:
            self.choices = given
        texts = (("" if key is None else str(key), label) for key, label in choices)
        chosen = "" if value is None else str(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, " selected" * (key == chosen), label) for key, label in texts),
        )
        before, end, after = frame.rpartition("</select>")
        return mark_safe(before + options + end + after)  # noqa: S308  # the frame is Unfold's, options are escaped


class Select(OwnOptions, widgets.UnfoldAdminSelectWidget):
    """One of few."""


class LongSelect(OwnOptions, widgets.UnfoldAdminSelect2Widget):
    """One of a list that can be searched."""


class FoundByTyping(AutocompleteSelect):
    """One of very many: they are found as somebody types, and the page holds only the chosen one. It is the menu of
    Unfold's filters; the rows come from the search of their own list, which shows users what they may see."""

    has_own_looks = True

    def __init__(self, column: Any, empty_label: str) -> None:
        super().__init__(column, admin.site, attrs={"class": "unfold-filter-autocomplete"})
        self.empty_label = empty_label

    @property
    def media(self) -> forms.Media:
        return forms.Media(AutocompleteDropdownForm.Media)

    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super().build_attrs(*args, **kwargs), "data-placeholder": self.empty_label}


class RowField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic to mypy only
    """The same error for the id of a row that the user may not see and for a text that is no id."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from None


class FoundField(RowField):
    """One of very many rows. `column` is a foreign key to them of any model, such as `Project.organisation`."""

    def __init__(self, column: Any, queryset: Any, *, empty_label: str, **more: Any) -> None:
        super().__init__(queryset, widget=FoundByTyping(column.field, empty_label), empty_label=empty_label, **more)


class ShortDecimalField(forms.DecimalField):
    """Shows what is stored as it was typed, without the zeros that its column adds: 730."""

    widget = DecimalInput

    def prepare_value(self, value: Any) -> Any:
        return short_text(value) if isinstance(value, Decimal) else value
