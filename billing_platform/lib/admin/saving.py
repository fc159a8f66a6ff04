"""Saving a form of the admin: a service stores the row, and a refusal of the service is an error of the form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, models
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.refusals import add_refusal, explained
from billing_platform.lib.database.constraints import refusal_of
from billing_platform.lib.errors import DomainError


class SavingMixin:
    """Gives a ModelAdmin forms that call a service. A page names its services in `create`, `update`, `delete_model`."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]  # a mixin: the page has it
        return self._guarded(form, request, "change" if change else "add")

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """If the service refuses the change, nothing is saved: the form is shown again as it was typed, with the
        service's sentence as its error."""
        try:
            shown: HttpResponse = super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]  # a mixin
            return shown
        except (DomainError, IntegrityError) as error:
            refusal = refusal_of(error) if isinstance(error, IntegrityError) else error
            if refusal is None or hasattr(request, "refusal"):
                raise
            request.refusal = refusal  # type: ignore[attr-defined]  # the form, read once more, holds it as its error
            return self.changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By a service: a page calls it in `create` and `update`, or in a `save_model` of its own."""
        if change:
            self.update(request, obj, _columns(obj, form.changed_data))
        else:
            obj.pk = self.create(request, _columns(obj, form.cleaned_data)).pk

    def create(self, request: HttpRequest, values: dict[str, Any]) -> Any:
        """Calls the service that makes a row of what was typed, and returns the row."""
        raise NotImplementedError(f"{type(self).__name__} names no service that creates.")

    def update(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        """Calls the service that changes a row. `obj` holds the changes already."""
        raise NotImplementedError(f"{type(self).__name__} names no service that changes.")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} names no service that deletes.")

    def _guarded(self, form: Any, request: HttpRequest, verb: str) -> Any:
        """The form refuses a row that would land in an organisation where the user lacks the permission."""
        page: Any = self

        class Guarded(form):
            def _post_clean(self) -> None:
                super()._post_clean()
                refusal = getattr(request, "refusal", None)
                if refusal is not None:
                    add_refusal(self, refusal, explained(page, request, refusal))
                if not self.errors and not page.may(request, verb, self.instance):
                    self.add_error(None, "You need this permission for the chosen customer, or for every customer.")

        return Guarded


def _columns(obj: models.Model, names: Iterable[str]) -> dict[str, Any]:
    """What was typed, without what a form asks beside the row's columns, such as a confirmation."""
    columns = {field.name for field in obj._meta.concrete_fields}
    return {name: getattr(obj, name) for name in names if name in columns}
