"""Every route of the API, read from the URL configuration, so that a new route is tested without a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

API = "api/v1/"


@dataclass(frozen=True)
class Route:
    """One address with its parameters in <angle brackets>, and its view."""

    path: str
    view: Any

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(re.findall(r"<(?:\w+:)?(\w+)>", self.path))

    @property
    def view_class(self) -> Any:
        return getattr(self.view, "view_class", None)

    @property
    def methods(self) -> tuple[str, ...]:
        """Of a class what it defines; a plain function has its class for the documents, or is taken to want POST."""
        view_class = self.view_class or getattr(self.view, "cls", None)
        if view_class is None:
            return ("POST",)
        names = (name for name in view_class.http_method_names if name not in {"options", "head", "trace"})
        return tuple(name.upper() for name in names if hasattr(view_class, name))

    def url(self, values: Mapping[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match.group(1)]), self.path)

    @property
    def template(self) -> str:
        """As the contract and OpenAPI write it: /api/v1/admin/invoices/{invoice_id}."""
        return self.url(_Braces())


class _Braces(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def routes(prefix: str = API) -> Iterator[Route]:
    for path, view in _walk(get_resolver().url_patterns, ""):
        if path.startswith(prefix):
            yield Route(path, view)


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        else:
            yield path, pattern.callback
