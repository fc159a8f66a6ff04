"""Which invoice a link of a customer opens.

A link holds a random token of 24 bytes. Whoever has the link may see and pay this one invoice, without an account,
until the link ends or is revoked (`invoicing.selectors.pay_page_links`); a token says nothing about any other invoice.
"""

from __future__ import annotations

from django.http import Http404

from invoicing.models import Invoice
from invoicing.selectors.pay_page_links import PayPageAccess, access_of


def known(token: str) -> PayPageAccess:
    """What the token opens or has opened. Raises Http404 for a token that is none of ours."""
    access = access_of(token)
    if access is None:
        raise Http404
    return access


def opened(token: str) -> Invoice:
    """The invoice that the token opens now, with its organisation and seller. Raises Http404."""
    access = known(token)
    if not access.is_open:
        raise Http404
    return access.invoice
