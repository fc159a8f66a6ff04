"""What a PDF says of itself, and what archives ask of it: metadata as XMP, and what its colours mean.

Together with embedded fonts, streams as they should be (streams.py) and no transparency that makes it PDF/A-1b
(ISO 19005-1), and it says so. docs/testing.md tells how that is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from invoicing.documents.srgb import packed_srgb
from invoicing.documents.streams import packed_stream, stream

_CREATOR = "Metrics Billing Platform"
_PRODUCER = "ReportLab PDF Library"

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>1</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>en-IN</rdf:li></rdf:Bag></dc:language>
<xmp:CreatorTool>{creator}</xmp:CreatorTool>
<xmp:CreateDate>{day}T00:00:00Z</xmp:CreateDate>
<xmp:ModifyDate>{day}T00:00:00Z</xmp:ModifyDate>
<pdf:Producer>{producer}</pdf:Producer>
<pdf:Keywords></pdf:Keywords>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True, slots=True)
class Description:
    title: str
    author: str
    subject: str
    day: date
    """Of the document: it is as old as it says, whenever it is drawn."""


def describe(canvas: Canvas, description: Description) -> None:
    """Title, author, subject and dates, twice as PDF/A asks."""
    title, author, subject = map(_clean, (description.title, description.author, description.subject))
    canvas.setTitle(title)
    canvas.setAuthor(author)
    canvas.setSubject(subject)
    canvas.setCreator(_CREATOR)
    canvas.setProducer(_PRODUCER)
    canvas.setDateFormatter(lambda *_now: f"D:{description.day:%Y%m%d}000000Z")
    xmp = _XMP.format(
        title=escape(title),
        author=escape(author),
        subject=escape(subject),
        creator=_CREATOR,
        producer=_PRODUCER,
        day=description.day.isoformat(),
    )
    catalog = canvas._doc.Catalog
    catalog.Metadata = stream(xmp.encode(), Type=pdfdoc.PDFName("Metadata"), Subtype=pdfdoc.PDFName("XML"))
    catalog.__NoDefault__ = [*catalog.__NoDefault__, "OutputIntents"]  # ReportLab writes no entry that it doesn't know
    canvas.setCatalogEntry("OutputIntents", pdfdoc.PDFArray([_output_intent(canvas._doc)]))


def _clean(text: str) -> str:
    """On one line, without control characters, which XML doesn't know."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _output_intent(doc: Any) -> Any:
    """That the colours are those of sRGB."""
    return pdfdoc.PDFDictionary(
        {
            "Type": pdfdoc.PDFName("OutputIntent"),
            "S": pdfdoc.PDFName("GTS_PDFA1"),
            "OutputConditionIdentifier": pdfdoc.PDFString("sRGB"),
            "Info": pdfdoc.PDFString("sRGB IEC61966-2.1"),
            "DestOutputProfile": doc.Reference(packed_stream(packed_srgb(), N=3), "sRGB"),
        }
    )
