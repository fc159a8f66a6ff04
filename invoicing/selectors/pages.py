"""A document as HTML, with the template that it was issued with."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from invoicing.documents import AS_ISSUED, InvoiceDocument, Standing
from invoicing.documents.cleaning import LOGO_OF_EMAIL
from invoicing.documents.html import BUILT_IN, render_page
from invoicing.documents.html_values import Medium
from invoicing.documents.template_engine import TemplateRefused
from invoicing.selectors.templates import source_of

logger = logging.getLogger(__name__)


def page_of(
    document: InvoiceDocument,
    *,
    medium: Medium,
    standing: Standing = AS_ISSUED,
    logo: str = "",
    links: Mapping[str, str] | None = None,
) -> str:
    """The page, or the body of an e-mail. A template that fails on this document, though it was tried before it was
    released, gives way to the built-in one: no customer waits for it."""
    try:
        return render_page(
            document, source=source_of(document), standing=standing, medium=medium, logo=logo, links=links
        )
    except TemplateRefused as error:
        logger.warning("template failed", extra={"version": document.look.version, "reason": error.message})
        return render_page(document, source=BUILT_IN, standing=standing, medium=medium, logo=logo, links=links)


def email_of(document: InvoiceDocument, standing: Standing) -> str | None:
    """The body that the template gives to the e-mail; None where the document has none of its own."""
    if not source_of(document).html:
        return None
    return page_of(document, medium=Medium.EMAIL, standing=standing, logo=LOGO_OF_EMAIL if document.logo else "")
