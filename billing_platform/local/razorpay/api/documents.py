"""/v1/documents: the only address that takes a form with a file."""

from __future__ import annotations

from django.http import HttpRequest

from billing_platform.local.razorpay import clock
from billing_platform.local.razorpay.api.endpoint import endpoint
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_document
from billing_platform.local.razorpay.models import Document
from billing_platform.local.razorpay.validation import require

PURPOSE = "dispute_evidence"
TYPES = {b"%PDF": "application/pdf", b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""By how the content begins: Razorpay takes no other."""


def _upload(request: HttpRequest) -> JSON:
    file = request.FILES.get("file")
    require({"file": file, "purpose": request.POST.get("purpose")}, "file", "purpose")
    purpose = request.POST["purpose"]
    if purpose != PURPOSE:
        raise RazorpayError(f"invalid document upload purpose:{purpose}")
    content = file.read()  # type: ignore[union-attr]  # required above
    mime_type = next((name for begin, name in TYPES.items() if content.startswith(begin)), None)
    if mime_type is None:
        raise RazorpayError("The file must be a file of type: jpg, jpeg, png, pdf.", field="file")
    name = str(file.name)  # type: ignore[union-attr]
    return document_json(
        Document.objects.create(
            purpose=purpose, name=name, mime_type=mime_type, content=content, created_at=clock.now()
        )
    )


def _fetch(request: HttpRequest, document_id: str) -> JSON:
    return document_json(get_document(document_id))


def document_json(document: Document) -> JSON:
    return {
        "id": document.public_id,
        "entity": "document",
        "purpose": document.purpose,
        "name": document.name,
        "mime_type": document.mime_type,
        "size": len(document.content),
        "created_at": document.created_at,
    }


document_create = endpoint(POST=_upload)
document_detail = endpoint(GET=_fetch)
