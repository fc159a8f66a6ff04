"""A download is the stored file, compared with its hash each time; the storage may be a folder or an S3."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.test.client import Client
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from billing_platform.backup import files
from billing_platform.lib import object_storage
from billing_platform.lib.errors import DomainError
from billing_platform.local.ports import free_port
from invoicing.models import Invoice
from invoicing.services import delivery, issuing, stored_pdfs
from organisations.models import BillingEntity, Notification, Organisation
from organisations.notifications import email
from tests.invoicing.language import one_off, pictures

pytestmark = pytest.mark.django_db

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "ap-south-1"}


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def delivered(organisation: Organisation) -> Invoice:
    invoice = issuing.finalize_invoice(invoice_id=one_off(organisation).pk)
    delivery.deliver(invoice_id=invoice.pk)
    invoice.refresh_from_db()
    assert invoice.pdf_state == "ready", invoice.delivery.last_failure
    return invoice


# --- what was stored is what is handed out ---------------------------------------------------------------------------


def test_the_hash_of_the_stored_file_stands_on_the_invoice(acme: Organisation, folder: Path) -> None:
    invoice = delivered(acme)
    assert hashlib.sha256((folder / invoice.pdf.name).read_bytes()).hexdigest() == invoice.pdf_sha256
    assert stored_pdfs.original_pdf(invoice)[1] == (folder / invoice.pdf.name).read_bytes()


def test_a_file_that_somebody_changed_is_not_handed_out(acme: Organisation, folder: Path, api: Client) -> None:
    invoice = delivered(acme)
    file = folder / invoice.pdf.name
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"Producer", b"Forger__"))
    with pytest.raises(DomainError, match=f"The stored PDF of {invoice.number} is not the one") as caught:
        stored_pdfs.original_pdf(invoice)
    assert caught.value.code == "STORED_PDF_CHANGED"
    answer = api.get(f"/api/v1/admin/invoices/{invoice.pk}/pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "STORED_PDF_CHANGED")
    file.unlink()
    assert hashlib.sha256(stored_pdfs.original_pdf(invoice)[1]).hexdigest() == invoice.pdf_sha256


def test_operators_see_whether_the_file_is_the_one_that_was_stored(
    acme: Organisation, folder: Path, client: Client, admin_user: Any
) -> None:
    invoice = delivered(acme)
    client.force_login(admin_user)
    page, file = reverse("admin:invoicing_invoice_action", args=[invoice.pk, "stored_pdf"]), folder / invoice.pdf.name
    shown = client.get(page).content.decode()
    assert shown.count(invoice.pdf_sha256) == 2
    assert "As stored" in shown
    assert client.get(f"{page}?format=pdf").content == file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(b"%PDF-1.4 another one")
    shown = client.get(page).content.decode()
    assert "Somebody or something wrote over the file" in shown
    assert "Download as issued" not in shown
    file.unlink()
    assert "Lost" in client.get(page).content.decode()


def test_a_changed_file_is_not_mailed(acme: Organisation, folder: Path) -> None:
    invoice = delivered(acme)
    (folder / invoice.pdf.name).chmod(0o600)
    (folder / invoice.pdf.name).write_bytes(b"%PDF-1.4 another one")
    note = Notification.objects.get(kind="invoice_issued")
    assert not email.send_notification(notification_id=note.pk)
    note.refresh_from_db()
    assert "is not the file that was stored: its SHA-256 differs" in note.last_failure


def test_a_lost_file_that_would_be_drawn_otherwise_today_is_served_but_not_stored_as_the_issued_one(
    acme: Organisation, folder: Path
) -> None:
    invoice = delivered(acme)
    Invoice.objects.filter(pk=invoice.pk).update(pdf_sha256="0" * 64)  # as an older version drew it
    (folder / invoice.pdf.name).unlink()
    invoice.refresh_from_db()
    assert stored_pdfs.original_pdf(invoice)[1].startswith(b"%PDF")
    assert not (folder / invoice.pdf.name).exists()


def test_the_database_wants_the_hash_with_the_file(acme: Organisation, folder: Path) -> None:
    invoice = delivered(acme)
    with pytest.raises(IntegrityError, match="invoice_pdf_has_its_hash"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(pdf_sha256="")


# --- an S3 over HTTP -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            while "Running on" not in (line := server.stderr.readline()):  # type: ignore[union-attr]
                assert line, "moto did not start"
            threading.Thread(target=server.stderr.read, daemon=True).start()  # type: ignore[union-attr]
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


@pytest.fixture
def bucket(endpoint: str, settings: Any, request: pytest.FixtureRequest) -> Any:
    """The bucket that the default storage now writes to, as boto3 sees it."""
    s3 = boto3.resource("s3", endpoint_url=endpoint, **KEYS)
    name = f"documents-{hashlib.sha256(request.node.name.encode()).hexdigest()[:20]}"
    use_s3(settings, endpoint, name)
    return s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})


def use_s3(settings: Any, endpoint: str, bucket: str) -> None:
    options = object_storage.s3_options(
        bucket=bucket, endpoint=endpoint, region="ap-south-1", access_key="testing", secret_key="testing", prefix="live"
    )
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": object_storage.BACKEND, "OPTIONS": options},
    }


def test_a_pdf_is_stored_read_again_and_private(acme: Organisation, bucket: Any) -> None:
    invoice = delivered(acme)
    (stored,) = list(bucket.objects.all())
    assert stored.key == f"live/{invoice.pdf.name}"
    content = stored.get()["Body"].read()
    assert hashlib.sha256(content).hexdigest() == invoice.pdf_sha256
    assert stored_pdfs.original_pdf(invoice)[1] == content
    owner = stored.Acl().owner["ID"]
    assert [(grant["Grantee"].get("ID"), grant["Permission"]) for grant in stored.Acl().grants] == [
        (owner, "FULL_CONTROL")
    ]


def test_a_changed_object_is_refused_and_a_lost_one_made_again(acme: Organisation, bucket: Any) -> None:
    invoice = delivered(acme)
    stored = bucket.Object(f"live/{invoice.pdf.name}")
    stored.put(Body=b"%PDF-1.4 another one")
    with pytest.raises(DomainError, match="is not the one that was stored"):
        stored_pdfs.original_pdf(invoice)
    stored.delete()
    content = stored_pdfs.original_pdf(invoice)[1]
    assert stored.get()["Body"].read() == content


def test_half_an_object_of_a_dead_worker_is_written_over(acme: Organisation, bucket: Any) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    name = stored_pdfs.storage_name(invoice, stored_pdfs.invoice_document(invoice))
    default_storage.save(name, ContentFile(b"%PDF-1.4 half"))
    delivery.make_pdf(invoice_id=invoice.pk)
    invoice.refresh_from_db()
    assert invoice.pdf.name == name
    assert stored_pdfs.original_pdf(invoice)[1].endswith(b"%%EOF\n")


def test_a_logo_is_uploaded_and_drawn(acme: Organisation, bucket: Any) -> None:
    output = BytesIO()
    Image.new("RGBA", (400, 100), (200, 0, 0, 120)).save(output, "PNG")
    entity = BillingEntity.objects.get(pk=acme.billing_entity_id)
    entity.logo.save("any.png", ContentFile(output.getvalue()))
    acme.billing_entity.refresh_from_db()
    content = stored_pdfs.original_pdf(delivered(acme))[1]
    page = PdfReader(BytesIO(content)).pages[0]
    assert len(pictures(page)) == 1
    assert b"/SMask" not in content  # archives know no transparency


def test_an_e_mail_takes_the_pdf_from_there(acme: Organisation, bucket: Any, mailoutbox: list[Any]) -> None:
    delivered(acme)
    note = Notification.objects.get(kind="invoice_issued")
    assert email.send_notification(notification_id=note.pk)
    assert mailoutbox[0].attachments[0][1].startswith(b"%PDF")


# --- an S3 in trouble ------------------------------------------------------------------------------------------------


class _Busy(BaseHTTPRequestHandler):
    """Answers 503 as often as it was told to, then as an empty bucket that takes everything."""

    busy = 0
    calls = 0

    def _answer(self, status: int) -> None:
        type(self).calls += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if type(self).busy:
            type(self).busy -= 1
            status = 503
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self._answer(404)

    def do_PUT(self) -> None:
        self._answer(200)

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def busy(settings: Any) -> Iterator[type[_Busy]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    use_s3(settings, f"http://127.0.0.1:{server.server_address[1]}", "documents")
    _Busy.busy = _Busy.calls = 0
    yield _Busy
    server.shutdown()
    server.server_close()


def test_a_call_that_the_storage_is_too_busy_for_is_made_again(acme: Organisation, busy: type[_Busy]) -> None:
    busy.busy = 1
    assert delivered(acme).pdf.name
    assert busy.calls > 2


def test_a_storage_that_is_not_there_leaves_the_delivery_waiting(acme: Organisation, settings: Any) -> None:
    use_s3(settings, f"http://127.0.0.1:{free_port()}", "documents")
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    delivery.deliver(invoice_id=invoice.pk)
    invoice.refresh_from_db()
    assert (invoice.pdf_state, invoice.delivery.attempts) == ("failed", 1)
    assert "Could not connect to the endpoint" in invoice.delivery.last_failure


def test_no_call_waits_for_ever() -> None:
    config = object_storage.s3_options(bucket="documents")["client_config"]
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (5, 30, 4)


def test_a_bucket_is_backed_up_and_put_back(acme: Organisation, bucket: Any, tmp_path: Path) -> None:
    invoice = delivered(acme)
    content, problems = stored_pdfs.original_pdf(invoice)[1], list[str]()
    pool, listing = files.Pool(tmp_path), tmp_path / "files.jsonl"
    with listing.open("wb") as lines:
        assert files.back_up(pool, lines, problems) == 1
    bucket.objects.all().delete()
    assert files.put_back(pool, listing, replace=False, tell=problems.append) == 1
    assert problems == []
    with default_storage.open(invoice.pdf.name) as stored:
        assert stored.read() == content
