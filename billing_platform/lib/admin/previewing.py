"""A form that shows what saving would do: form_preview.js fills its panel, and again while something is typed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from billing_platform.lib.errors import DomainError


class PreviewMixin:
    """Gives a ModelAdmin the read-only field `preview`. `preview_of` says what a row would do, stored or not."""

    admin_site: Any
    opts: Any
    fill_in = "Fill in the form: what it would do is shown here."

    class Media:
        js = ("billing_platform/form_preview.js",)

    def may_preview(self, request: HttpRequest, row: Any) -> bool:
        return True

    def preview_of(self, row: Any) -> SafeString | str:
        """What the row would do. What it raises as DomainError is shown in its place."""
        raise NotImplementedError

    @admin.display(description="Preview")
    def preview(self, row: Any) -> SafeString:
        query = "" if row._state.adding else f"?{urlencode({'of': row.pk})}"
        url = reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_preview")
        return format_html('<div aria-live="polite" data-preview-url="{}{}">{}</div>', url, query, self.fill_in)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_preview"
        return [path("preview/", view, name=name), *super().get_urls()]  # type: ignore[misc]  # a mixin

    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest) -> HttpResponse:
        row = self._typed(request)
        return HttpResponse(self.fill_in if row is None or not self.may_preview(request, row) else self._shown(row))

    def _typed(self, request: HttpRequest) -> Any:
        """The row as the form has it, and as it is stored for who may only see it. None while the form has faults."""
        page: Any = self
        obj, stored = None, request.GET.get("of")
        if stored is not None:
            obj = page.get_object(request, stored)
            if obj is None:
                raise Http404
            if not page.has_view_permission(request, obj):
                raise PermissionDenied
            if not page.has_change_permission(request, obj):
                return obj
        elif not page.has_add_permission(request):
            raise PermissionDenied
        form = page.get_form(request, obj, change=obj is not None)(request.POST, instance=obj)
        return form.instance if form.is_valid() else None

    def _shown(self, row: Any) -> SafeString | str:
        try:
            return self.preview_of(row)
        except DomainError as error:
            return conditional_escape(error.message)
