"""Streams of a PDF as PDF/A wants them."""

from __future__ import annotations

from typing import Any

from reportlab.pdfbase import pdfdoc


def stream(content: bytes, **entries: Any) -> pdfdoc.PDFStream:
    """A stream that is written as it is: packed already, with its `Filter`, or not to be packed."""
    return pdfdoc.PDFStream(pdfdoc.PDFDictionary(entries), content, filters=[])


def packed_stream(content: bytes, **entries: Any) -> pdfdoc.PDFStream:
    """Of content that zlib has compressed."""
    return stream(content, Filter=pdfdoc.PDFName("FlateDecode"), **entries)


def _format(self: pdfdoc.PDFStream, document: pdfdoc.PDFDocument) -> bytes:
    """ReportLab ends the content without a line break, and names filters where there are none; ISO 19005-1, 6.1.7 and
    6.7.2, forbid both."""
    entries, content = dict(self.dictionary.dict), self.content
    filters = document.defaultStreamFilters if self.filters is None else self.filters
    if filters and "Filter" not in entries:
        for each in reversed(filters):
            content = each.encode(content)
        entries["Filter"] = pdfdoc.PDFArray([pdfdoc.PDFName(each.pdfname) for each in filters])
    written = pdfdoc.format(content, document)
    entries["Length"] = len(written)
    head: bytes = pdfdoc.format(pdfdoc.PDFDictionary(entries), document)
    return b"".join((head, b"\nstream\n", written, b"\nendstream\n"))


pdfdoc.PDFStream.format = _format
