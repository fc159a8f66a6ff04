"""Files as answers: to be stored, or to be shown by the browser."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

PDF = "application/pdf"


def file_response(name: str, content: bytes, media_type: str, *, shown: bool = False) -> HttpResponse:
    """`shown`: within the browser. Whatever the name holds, it stays the file's name and starts no other header."""
    disposition = content_disposition_header(as_attachment=not shown, filename=name.replace("/", "-"))
    return HttpResponse(content, content_type=media_type, headers={"Content-Disposition": str(disposition)})
