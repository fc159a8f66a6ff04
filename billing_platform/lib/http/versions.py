"""Versions of what the API shows, so that nobody overwrites what somebody else has changed meanwhile.

An ETag is a hash of the answer to GET: it changes with whatever the client saw, in whichever table that stands. A
change with `If-Match` is done only if the object still looks like that, which is compared after its row was locked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.http import parse_etags
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from billing_platform.lib.errors import DomainError, InvalidInput

_CHANGES = {"PUT", "PATCH", "DELETE"}


class PreconditionFailed(DomainError):
    """The object is not what the client saw. `details` and the answer's ETag tell its present version."""

    code = "PRECONDITION_FAILED"
    status = 412


def etag_of(data: Any) -> str:
    """The strong ETag of an answer's content."""
    content = json.dumps(data, sort_keys=True, cls=JSONEncoder)
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


def has_versions(view: Any) -> bool:
    """Whether a view, or its class, shows one object that it can also change or delete."""
    is_list = issubclass(view if isinstance(view, type) else type(view), ListModelMixin)
    return not is_list and hasattr(view, "get") and any(hasattr(view, method.lower()) for method in _CHANGES)


class VersionedMixin:
    """A view's ETags: sends them with what it shows, and honours If-None-Match and If-Match."""

    kwargs: dict[str, Any]
    locks_rows = False
    """While true, the view's look-ups lock the rows that they find."""

    def lock_first(self) -> None:
        """What the view's services lock before the object's own row. Views whose services lock something override it:
        taken in another order, two requests could wait for each other."""

    def changed_if_unchanged(self, request: Request, change: Callable[[], Response]) -> Response:
        """Make a change, if the object is still what `If-Match` names.

        Raises PreconditionFailed (412), and InvalidInput for a header that names no version or can't be honoured here.
        """
        if not (has_versions(self) and request.method in _CHANGES):
            if "If-Match" in request.headers:
                raise InvalidInput.field("If-Match", "This operation compares no versions: leave the header out.")
            return change()
        with transaction.atomic():
            self._compare(request)
            response = change()
            if response.status_code == 200:
                response["ETag"] = self._present_version(request)
            return response

    def with_version(self, request: Request, response: Any) -> Any:
        """The answer to GET with its ETag, or 304 without a body if the client has this version."""
        if request.method not in {"GET", "HEAD"} or response.status_code != 200 or not has_versions(self):
            return response
        etag = etag_of(response.data)
        known = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))]
        if etag in known or "*" in known:
            response = Response(status=304)
        response["ETag"] = etag
        return response

    def _compare(self, request: Request) -> None:
        header = request.headers.get("If-Match")
        if header is None:
            return
        named = parse_etags(header)
        if not named:
            raise InvalidInput.field("If-Match", "Write the ETag of the answer as it was, with its quotes, or *.")
        self._present_version(request)  # who may not reach the object locks nothing
        self.lock_first()
        self.locks_rows = True
        try:
            present = self._present_version(request)
        finally:
            self.locks_rows = False
        if present not in named and "*" not in named:
            raise PreconditionFailed(
                "This was changed after you read it. Read it again, and make your change to what it is now.",
                details={"etag": [present]},
            )

    def _present_version(self, request: Request) -> str:
        shown: Response = self.get(request, **self.kwargs)  # type: ignore[attr-defined]  # has_versions: it has one
        return etag_of(shown.data)
