"""InvoiceDocument to PDF: A4, branded, the same bytes for the same document and standing every time."""

from __future__ import annotations

from typing import ClassVar

from invoicing.documents.archive import Description
from invoicing.documents.document import InvoiceDocument
from invoicing.documents.fonts import register_fonts
from invoicing.documents.layout import Placed
from invoicing.documents.ordinary import is_ordinary
from invoicing.documents.paper import TEXT_WIDTH, Paper, identity, paged, printed
from invoicing.documents.parts import sections
from invoicing.documents.standing import AS_ISSUED, Stage, Standing
from invoicing.documents.style import Branding
from invoicing.documents.wording import wording_of


def render_pdf(
    document: InvoiceDocument,
    *,
    logo: bytes | None = None,
    standing: Standing = AS_ISSUED,
    branding: Branding | None = None,
) -> bytes:
    """The document as PDF. `logo` is the picture that `document.logo` names; without it the seller's name stands.

    Raises FontMissing where it has letters of a script whose font this machine has no more.
    """
    register_fonts()
    brand = branding or branding_of(document)
    pages = lay_out(document, brand=brand, logo=logo, standing=standing)
    seller, is_void = document.seller, standing.stage == Stage.VOID
    name = f"{document.title} {document.number}"
    paper = Paper(
        brand=brand,
        head=(seller.name, name),
        foot=brand.footer or identity(seller),
        stamp=brand.wording.void if is_void else "",
    )
    description = Description(
        title=f"{name} (void)" if is_void else name,
        author=seller.name,
        subject=f"{document.title} for {document.customer.name}",
        day=document.issue_date,
    )
    return printed(pages, paper, description)


def check_layout(document: InvoiceDocument) -> None:
    """Make sure that the document can be laid out. Raises whatever prevents it.

    An ordinary document can be: it has nothing that those of the tests don't have. So only the first one of a process
    in each language is laid out, which finds what is wrong with the machine; and every one that is not ordinary. The
    fonts are loaded as for drawing.
    """
    register_fonts()
    if document.look.language in _Checked.languages and is_ordinary(document):
        return
    lay_out(document)
    _Checked.languages.add(document.look.language)


class _Checked:
    """In which languages this process has laid out a document."""

    languages: ClassVar[set[str]] = set()


def branding_of(document: InvoiceDocument) -> Branding:
    """What was frozen of the look, for the PDF."""
    look = document.look
    return Branding(
        colour=document.brand_colour,
        wording=wording_of(look.language),
        footer=look.footer,
        shows_quantities=look.shows_quantities,
        shows_working=look.shows_working,
        shows_bank=look.shows_bank,
    )


def lay_out(
    document: InvoiceDocument,
    *,
    brand: Branding | None = None,
    logo: bytes | None = None,
    standing: Standing = AS_ISSUED,
) -> list[list[Placed]]:
    """The document on pages, but not drawn."""
    brand = brand or branding_of(document)
    return paged(sections(document, brand, TEXT_WIDTH, logo, standing))
