"""A list that the demo's administrator has by e-mail: what customers in rupees owe, on Mondays."""

from __future__ import annotations

from typing import Any

from organisations.models import MailedView
from organisations.services.mailed_views import mail_view_to_owner
from organisations.services.saved_views import save_view


def mail_a_list(*, to: Any) -> None:
    view = save_view(
        user=to,
        list_of="invoicing.invoice",
        name="Invoices in rupees",
        query="currency__exact=INR",
        is_shared=False,
        is_pinned=True,
    )
    mail_view_to_owner(user=to, view=view, frequency=MailedView.Frequency.WEEKLY, hour=8, file_format="xlsx")
