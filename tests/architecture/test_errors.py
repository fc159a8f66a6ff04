"""Every error of the API has the same envelope, with the request id of the answer's header and of the log."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client

from tests import factories
from tests.architecture.broken_urls import SECRET

pytestmark = pytest.mark.django_db
LIST = "/api/v1/admin/organisations"


def assert_envelope(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith("application/json")
    body: dict[str, Any] = answer.json()
    assert set(body) == {"error", "code", "status_code", "details", "request_id"}
    assert (body["code"], body["status_code"]) == (code, status)
    assert body["error"].strip()
    assert isinstance(body["details"], dict)
    assert body["request_id"]
    assert body["request_id"] == answer["X-Request-ID"]
    return body


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/admin/nothing", "/api/nothing/", "/webhooks/nothing"])
def test_an_unknown_address_is_a_404(path: str) -> None:
    assert_envelope(Client().get(path), 404, "NOT_FOUND")


def test_an_unknown_address_shows_a_page_in_a_browser() -> None:
    answer = Client().get("/nothing", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", LIST),
        ("put", LIST),
        ("options", LIST),
        ("delete", "/api/v1/events"),
        ("put", "/api/v1/events/batch"),
        ("get", "/api/v1/payments/orders"),
        ("get", "/api/v1/webhooks/razorpay"),
    ],
)
def test_another_method_is_a_405_that_names_those_that_work(api: Client, method: str, path: str) -> None:
    answer = getattr(api, method)(path)
    assert_envelope(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer["Allow"]


def test_another_content_type_is_a_415(api: Client, project_key: str) -> None:
    assert_envelope(api.post(LIST, "<xml/>", content_type="application/xml"), 415, "UNSUPPORTED_MEDIA_TYPE")
    client = factories.client(project_key)
    for path in ("/api/v1/events", "/api/v1/events/batch"):
        assert_envelope(client.post(path, "a,b", content_type="text/csv"), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("body", ['{"name": ', "[1, 2", "\xff", "nonsense"])
def test_malformed_json_is_a_400(api: Client, project_key: str, body: str) -> None:
    raw = body.encode("latin-1")
    for path in (LIST, "/api/v1/admin/pricing-rules", "/api/v1/payments/orders"):
        assert_envelope(api.post(path, raw, content_type="application/json"), 400, "VALIDATION_ERROR")
    client = factories.client(project_key)
    for path in ("/api/v1/events", "/api/v1/events/batch"):
        assert_envelope(client.post(path, raw, content_type="application/json"), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null"])
def test_json_of_another_shape_is_a_400(api: Client, body: str) -> None:
    for path in (LIST, "/api/v1/admin/metrics", "/api/v1/admin/pricing-rules", "/api/v1/admin/pricing/preview"):
        assert_envelope(api.post(path, body, content_type="application/json"), 400, "VALIDATION_ERROR")


def test_a_bad_field_is_named_in_the_sentence_and_the_details(api: Client) -> None:
    body = assert_envelope(api.post(LIST, {"name": ""}, content_type="application/json"), 400, "VALIDATION_ERROR")
    assert body["error"].startswith("name: ")
    assert {"name", "billing_email"} <= set(body["details"])


@pytest.mark.parametrize("path", [LIST, "/api/v1/usage", "/api/v1/payments/orders"])
@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic eDp5", "Bearer mbp_live_abcdefgh_" + "x" * 40])
def test_a_request_without_a_usable_key_is_a_401_that_says_how_to_send_one(path: str, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = Client().get(path, headers=headers)
    assert_envelope(answer, 401, "UNAUTHENTICATED")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_the_wrong_kind_of_key_is_a_403(api: Client, project_key: str) -> None:
    assert_envelope(factories.client(project_key).get(LIST), 403, "FORBIDDEN")
    assert_envelope(api.get("/api/v1/usage"), 403, "FORBIDDEN")


@pytest.mark.parametrize("path", ["/api/v1/broken-endpoint", "/events-broken"])
def test_an_unexpected_error_is_a_500_without_details(settings: Any, path: str) -> None:
    settings.ROOT_URLCONF = "tests.architecture.broken_urls"
    answer = Client(raise_request_exception=False).get(path)
    assert_envelope(answer, 500, "INTERNAL_ERROR")
    assert SECRET not in answer.content.decode()


def test_a_form_without_a_csrf_token_is_refused_with_a_page() -> None:
    page = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"}, headers={"Accept": "text/html"})
    said = page.content.decode()
    assert page.status_code == 403
    assert "Nothing was done" in said
    assert "reload the page and send it again" in said
    assert "CSRF" not in said


def test_a_broken_page_shows_a_person_a_page(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.architecture.broken_urls"
    answer = Client(raise_request_exception=False).get("/broken-page", headers={"Accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (500, "text/html")
    said = answer.content.decode()
    assert SECRET not in said
    assert f"<code>{answer['X-Request-ID']}</code>" in said, "what the log names it by"


def test_a_host_that_is_not_ours_is_a_400() -> None:
    assert_envelope(Client().get(LIST, headers={"Host": "evil.example"}), 400, "VALIDATION_ERROR")


def test_the_callers_request_id_is_kept_if_it_is_harmless(api: Client) -> None:
    assert api.get(LIST, headers={"X-Request-ID": "order-4711.retry"})["X-Request-ID"] == "order-4711.retry"
    for bad in ("short", "x" * 65, "a b c d e f", "<script>alert(1)</script>"):
        assert api.get(LIST, headers={"X-Request-ID": bad})["X-Request-ID"] != bad


@pytest.mark.parametrize("path", [LIST, "/api/v1/events", "/health", "/api/schema"])
def test_one_trailing_slash_is_forgiven_without_a_redirect(api: Client, path: str) -> None:
    assert api.get(path + "/").status_code == api.get(path).status_code != 404
