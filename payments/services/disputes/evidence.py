"""The files that speak against a dispute: added one by one, and removed again until they are sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.validators import require, validate_line
from payments.models import DisputeDocument
from payments.models.dispute_document import LARGEST, MOST
from payments.services.disputes.answering import lock_open_dispute

ContentType = DisputeDocument.ContentType
_BEGINS = {b"%PDF-": ContentType.PDF, b"\x89PNG\r\n\x1a\n": ContentType.PNG, b"\xff\xd8\xff": ContentType.JPEG}
NAME_LENGTH = 100


@transaction.atomic
def add_document(*, dispute_id: UUID, proof: str, name: str, content: bytes, added_by: Any = None) -> DisputeDocument:
    """Store a file for the answer to a dispute: PDF, PNG or JPEG, told by how it begins; nothing is sent yet.

    `proof` is a value of DisputeDocument.Proof. Raises NotFound, InvalidInput for `file` and `proof`, and DomainError
    DISPUTE_NOT_OPEN or TOO_MANY.
    """
    if proof not in DisputeDocument.Proof.values:
        raise InvalidInput.field("proof", f"Choose one of {', '.join(DisputeDocument.Proof.values)}.")
    name = name.strip()
    require("file", name, validate_line)
    if len(name) > NAME_LENGTH:
        raise InvalidInput.field("file", f"The file's name must have at most {NAME_LENGTH} characters.")
    if len(content) > LARGEST:
        raise InvalidInput.field("file", f"The file is larger than {LARGEST // 1024 // 1024} MB.")
    content_type = next((each for begin, each in _BEGINS.items() if content.startswith(begin)), None)
    if content_type is None:
        raise InvalidInput.field("file", "Take a PDF, or a picture as PNG or JPEG: Razorpay takes no other file.")
    dispute = lock_open_dispute(dispute_id)
    if dispute.documents.count() >= MOST:
        raise DomainError(f"A dispute has at most {MOST} files: put several into one PDF.", code="TOO_MANY")
    document: DisputeDocument = DisputeDocument.objects.create(
        dispute=dispute,
        proof=proof,
        name=name,
        content_type=content_type,
        content=content,
        size=len(content),
        added_by=added_by,
    )
    return document


@transaction.atomic
def remove_document(*, document_id: UUID) -> None:
    """Take a file out of the answer. Raises NotFound, and DomainError DISPUTE_NOT_OPEN or ALREADY_SENT."""
    dispute_id = DisputeDocument.objects.filter(pk=document_id).values_list("dispute", flat=True).first()
    if dispute_id is None:
        raise NotFound("There is no such file.")
    lock_open_dispute(dispute_id)
    document = DisputeDocument.objects.get(pk=document_id)
    if document.razorpay_document_id:
        raise DomainError("Razorpay has the file already.", code="ALREADY_SENT")
    document.delete()
