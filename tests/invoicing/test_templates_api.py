"""Invoice templates over HTTP: their life, previews, the logo, what is refused, and requests that come twice."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import pytest
from django.test.client import Client
from PIL import Image

from invoicing.models import InvoiceTemplate
from invoicing.selectors.documents import invoice_document
from invoicing.services import issuing
from organisations.models import Membership, Organisation
from tests import factories
from tests.invoicing.language import one_off
from tests.invoicing.test_documents import PIXEL, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]

TEMPLATES = "/api/v1/admin/invoice-templates"
LOGO = base64.b64encode(PIXEL).decode()


def post(api: Client, path: str, body: dict[str, Any] | None = None, status: int = 200, key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    answer = api.post(f"{TEMPLATES}{path}", body or {}, content_type="application/json", headers=headers)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_template_is_made_tried_released_used_and_changed(api: Client, acme: Organisation) -> None:
    made = post(api, "", {"name": "Ours", "colour": "#0b7a4b", "html": "<p>{{ document.number }}</p>"}, 201)
    assert (made["released"], made["draft"]["number"], made["is_in_use"]) == (None, 1, False)
    path = f"/{made['id']}"
    assert post(api, f"{path}/use", status=409)["code"] == "TEMPLATE_NOT_RELEASED"
    released = post(api, f"{path}/release")
    assert (released["draft"], released["released"]["number"]) == (None, 1)
    assert post(api, f"{path}/release", status=409)["code"] == "TEMPLATE_HAS_NO_DRAFT"
    assert post(api, f"{path}/use")["is_in_use"]
    document = invoice_document(issuing.finalize_invoice(invoice_id=one_off(acme).pk))
    assert (document.brand_colour, document.look.version) == ("#0b7a4b", released["released"]["id"])
    changed = api.patch(f"{TEMPLATES}{path}", {"footer": "Bye"}, content_type="application/json").json()
    assert (changed["draft"]["number"], changed["draft"]["footer"], changed["released"]["footer"]) == (2, "Bye", "")
    assert api.delete(f"{TEMPLATES}{path}").json()["code"] == "TEMPLATE_RELEASED"
    listed = api.get(f"{TEMPLATES}?is_in_use=true").json()["results"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert not post(api, f"{path}/stop-using")["is_in_use"]


def test_a_preview_shows_changes_that_are_not_stored(api: Client, acme: Organisation) -> None:
    template = post(api, "", {"name": "Ours", "footer": "Stored"}, 201)
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    path = f"/{template['id']}/preview"
    assert "Stored" in post(api, path)["content"]
    own = post(api, path, {"html": "<p>{{ medium }} {{ document.number }}</p>", "invoice": str(invoice.pk)})
    assert own["format"] == "page"
    assert f"<p>page {invoice.number}</p>" in own["content"]
    mailed = post(api, path, {"format": "email", "colour": "#0b7a4b"})["content"]  # as the built-in e-mail has it
    assert "Dear Sample" in mailed
    assert "background: #0b7a4b" in mailed
    pdf = base64.b64decode(post(api, path, {"format": "pdf", "footer": "Only tried"})["content"])
    assert "Only tried" in text_of(pdf)
    assert InvoiceTemplate.objects.get().draft.footer == "Stored"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "field", "says"),
    [
        ({"html": "<p>\n{{ custmer.name }}</p>"}, "html", "Line 2: There is no “custmer”. Did you mean “customer”?"),
        ({"html": "{% include '/etc/passwd' %}"}, "html", "Line 1: Templates can't use include."),
        ({"css": "p { color: red }\np { background: url(x) }"}, "css", "Line 2: CSS can't have url()"),
    ],
)
def test_an_error_names_field_line_and_variable(api: Client, content: dict[str, str], field: str, says: str) -> None:
    template = post(api, "", {"name": "Ours", **content}, 201)
    for step in ("preview", "release"):
        refused = post(api, f"/{template['id']}/{step}", status=400)
        assert refused["code"] == "VALIDATION_ERROR"
        assert says in refused["details"][field][0]


def test_a_logo_is_sent_in_base64_and_shown_before_it_is_stored(api: Client) -> None:
    template = post(api, "", {"name": "Ours"}, 201)
    path = f"{TEMPLATES}/{template['id']}"
    shown = post(api, f"/{template['id']}/preview", {"logo": f"data:image/png;base64,{LOGO}"})["content"]
    assert 'src="data:image/png;base64,' in shown
    stored = api.patch(path, {"logo": LOGO}, content_type="application/json").json()["draft"]["logo"]
    assert stored.startswith("logos/")
    post(api, f"/{template['id']}/release")
    same = api.patch(path, {"logo": LOGO}, content_type="application/json").json()
    assert same["draft"] is None  # as it was: nothing to release
    assert api.patch(path, {"logo": ""}, content_type="application/json").json()["draft"]["logo"] == ""


def _gif() -> bytes:
    output = BytesIO()
    Image.new("1", (1, 1)).save(output, "GIF")
    return output.getvalue()


@pytest.mark.parametrize(
    "logo",
    [7, "no base64", base64.b64encode(_gif()).decode(), base64.b64encode(b"<svg/>").decode(), "data:text/html,x"],
)
def test_what_is_no_picture_is_no_logo(api: Client, logo: Any) -> None:
    assert "PNG or JPEG" in post(api, "", {"name": "Ours", "logo": logo}, 400)["details"]["logo"][0]


def test_a_request_that_comes_twice_makes_one_template(api: Client) -> None:
    body = {"name": "Ours", "logo": LOGO}
    assert post(api, "", body, 201, key="new") == post(api, "", body, 201, key="new")
    template = InvoiceTemplate.objects.get()
    assert post(api, f"/{template.pk}/release", key="go") == post(api, f"/{template.pk}/release", key="go")
    assert post(api, "", body, 400)["details"] == {"name": ["Another template has this name."]}


def test_operators_write_and_only_admins_release(acme: Organisation) -> None:
    operator = factories.client(factories.admin_key(factories.member("they", acme, Membership.Role.OPERATOR)))
    own = operator.post(
        f"/api/v1/admin/organisations/{acme.pk}/invoice-templates", {"name": "Own"}, content_type="application/json"
    )
    assert own.json()["organisation"] == str(acme.pk)
    assert post(operator, "", {"name": "All"}, 403)["code"] == "FORBIDDEN"  # of every organisation
    for step in ("release", "use", "stop-using"):
        assert post(operator, f"/{own.json()['id']}/{step}", status=403)["code"] == "FORBIDDEN"


def test_a_preview_shows_no_other_tenants_invoice(api: Client, acme: Organisation) -> None:
    other = factories.organisation("Other")
    theirs = factories.client(factories.admin_key(factories.member("theirs", other, Membership.Role.ADMIN)))
    own = theirs.post(
        f"/api/v1/admin/organisations/{other.pk}/invoice-templates", {"name": "Own"}, content_type="application/json"
    ).json()
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    assert post(theirs, f"/{own['id']}/preview", {"invoice": str(invoice.pk)}, 404)["code"] == "NOT_FOUND"
