"""What forms of the admin are typed into: Unfold's widgets, by the names that our pages know them by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold import widgets

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


class ShortDecimalField(forms.DecimalField):
    """Shows what is stored as it was typed, without the zeros that its column adds: 730."""

    widget = DecimalInput

    def prepare_value(self, value: Any) -> Any:
        return short_text(value) if isinstance(value, Decimal) else value
