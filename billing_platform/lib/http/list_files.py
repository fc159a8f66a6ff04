"""Lists that are also files: `?format=csv` gives every row that the parameters leave, not only those of a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import ValidationError as BadParameter
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request

from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.http.parameters import Pagination, report_parameters

AT_A_TIME = 1_000
PAGE, PAGE_SIZE = Pagination.page_query_param, Pagination.page_size_query_param


class ListOrFileMixin(ListModelMixin):
    """A list whose file has a column for each field of its serializer, under the same name and with the same values."""

    more_than_a_cell: ClassVar[frozenset[str]] = frozenset()
    """Fields that the file leaves out, because they hold lists or objects."""

    def list_or_file(self, request: Request, name: str) -> HttpResponseBase:
        """`name` is that of the file, without its ending."""
        if report_parameters(self).get("format") != "csv":
            return self.list(request)
        if paged := {PAGE, PAGE_SIZE} & set(request.query_params):
            raise BadParameter({name: ["A file has the rows of all pages: leave this out."] for name in paged})
        view: Any = self  # a mixin: the view has what a list needs
        return csv_response(name, self._lines(view.get_serializer(), view.filter_queryset(view.get_queryset())))

    def _lines(self, serializer: Any, rows: Any) -> Iterator[list[Any]]:
        columns = [name for name in serializer.fields if name not in self.more_than_a_cell]
        yield columns
        for row in rows.iterator(chunk_size=AT_A_TIME):
            shown = serializer.to_representation(row)
            yield [shown[name] for name in columns]


def list_answers(serializer: Any) -> dict[Any, Any]:
    """What OpenAPI says of the answers of a list that is also a file."""
    return {(200, "application/json"): serializer(many=True), (200, "text/csv"): OpenApiTypes.STR}
