"""The one shape of every HTTP answer: the error envelope, and pages of lists."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

from billing_platform.lib.database.constraints import refusal_of
from billing_platform.lib.errors import DomainError, writable
from billing_platform.lib.http import request_id
from billing_platform.lib.http.addresses import is_for_programs
from billing_platform.lib.http.versions import PreconditionFailed

logger = logging.getLogger(__name__)

CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    409: "CONFLICT",
    412: "PRECONDITION_FAILED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    502: "GATEWAY_ERROR",
}


def envelope(message: str, *, code: str, status_code: int, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The error body of the contract: a sentence, a code, and the id to quote to support.

    Sentences may quote what a client sent. Characters that can't be written in UTF-8 are escaped here, for every error.
    """
    return {
        "error": writable(message),
        "code": code,
        "status_code": status_code,
        "details": _writable(details or {}),
        "request_id": request_id.current_request_id(),
    }


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, dict):
        return {_writable(key): _writable(each) for key, each in value.items()}
    return [_writable(each) for each in value] if isinstance(value, list | tuple) else value


def error_response(
    message: str,
    *,
    status_code: int,
    code: str | None = None,
    details: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> JsonResponse:
    """The envelope as a plain Django answer, for views and middleware outside DRF."""
    body = envelope(message, code=code or CODES.get(status_code, "ERROR"), status_code=status_code, details=details)
    return JsonResponse(body, status=status_code, headers=headers)


def domain_error_response(error: DomainError) -> JsonResponse:
    """A refused rule as a plain Django answer."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return error_response(
        error.message, status_code=error.status, code=error.code, details=error.details, headers=headers
    )


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every known exception becomes the envelope. Django logs all others and answers 500."""
    if isinstance(error, IntegrityError):
        error = refusal_of(error) or error
    if isinstance(error, DomainError):
        response = _response(error.message, error.status, error.code, error.details)
        if error.status == 401:
            response["WWW-Authenticate"] = "Bearer"
        if isinstance(error, PreconditionFailed):
            response["ETag"] = error.details["etag"][0]
        return response
    if isinstance(error, Http404):
        return _response("There is no such object.", 404)
    if isinstance(error, PermissionDenied):
        return _response("You are not allowed to do that.", 403)
    if isinstance(error, ModelValidationError):
        return _response(*_validation(_model_errors(error)))
    if isinstance(error, exceptions.ValidationError):
        return _response(*_validation(error.detail))
    if isinstance(error, exceptions.APIException):
        return _api_exception(error)
    return None


def _api_exception(error: exceptions.APIException) -> Response:
    response = _response(_sentence(error.detail), error.status_code)
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(max(1, int(wait)))
    if auth_header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = auth_header
    return response


def _response(
    message: str, status_code: int, code: str | None = None, details: dict[str, Any] | None = None
) -> Response:
    code = code or CODES.get(status_code, "ERROR")
    return Response(envelope(message, code=code, status_code=status_code, details=details), status=status_code)


def _model_errors(error: ModelValidationError) -> Any:
    return error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}


def _validation(detail: Any) -> tuple[str, int, str, dict[str, Any]]:
    """The sentence names the first bad field; `details` hold all of them."""
    details = detail if isinstance(detail, dict) else {"non_field_errors": detail}
    field, sentence = _first(details)
    message = sentence if field in {"non_field_errors", "__all__", "detail"} else f"{field}: {sentence}"
    return message, status.HTTP_400_BAD_REQUEST, "VALIDATION_ERROR", details


def _first(detail: Any, path: str = "") -> tuple[str, str]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            if value:
                return _first(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            if value:
                return _first(value, path if isinstance(value, str) else f"{path}[{index}]")
    return path, str(detail)


def _sentence(detail: Any) -> str:
    return _first(detail)[1] if isinstance(detail, dict | list) else str(detail)


def wants_json(request: HttpRequest) -> bool:
    """Whether an error outside DRF is answered as JSON: anything but a page for a person."""
    return is_for_programs(request.path) or "text/html" not in request.headers.get("Accept", "")
