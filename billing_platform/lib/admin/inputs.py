"""What forms of the admin are typed into: Unfold's widgets, by the names that our pages know them by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold import widgets

from billing_platform.lib.number_formats import short_text

DecimalInput = widgets.UnfoldAdminDecimalFieldWidget
Select = widgets.UnfoldAdminSelectWidget
Textarea = widgets.UnfoldAdminTextareaWidget

WIDGETS = (
    (forms.DateField, widgets.UnfoldAdminSingleDateWidget),
    (forms.DecimalField, widgets.UnfoldAdminDecimalFieldWidget),
    (forms.IntegerField, widgets.UnfoldAdminIntegerFieldWidget),
    (forms.BooleanField, widgets.UnfoldBooleanSwitchWidget),
    (forms.FileField, widgets.UnfoldAdminFileFieldWidget),
)


class LongSelect(widgets.UnfoldAdminSelect2Widget):
    """A list of texts, not in groups. Writes its options itself: with a template for each, the 600 time zones took most
    of a page's time."""

    has_own_looks = True

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        said = "" if value is None else str(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, " selected" * (key == said), label) for key, label in self.choices),
        )
        return format_html(
            '<select name="{}"{}>{}</select>', name, flatatt(self.build_attrs(self.attrs, attrs)), options
        )


class ShortDecimalField(forms.DecimalField):
    """Shows what is stored as it was typed, without the zeros that its column adds: 730."""

    widget = DecimalInput

    def prepare_value(self, value: Any) -> Any:
        return short_text(value) if isinstance(value, Decimal) else value
