"""What the pages of invoices and of credit notes share: sending the document, and the e-mails with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.actions import Method
from billing_platform.lib.admin.base import ActionForm, object_action
from billing_platform.lib.admin.display import EMPTY, anchor, badge, when
from invoicing.admin.held_back import no_email_warnings
from invoicing.emails import emails_of, kind_of, sent_to
from invoicing.models import CreditNote, Invoice
from invoicing.services.sending import not_sent_yet
from organisations.admin.notification import TONES, where_it_went
from organisations.models import Notification
from organisations.notifications.recipients import recipients

_HEAD = SafeString("<thead><tr><th>E-mail</th><th>To</th><th>State</th><th>Sent</th></tr></thead>")


class SendForm(ActionForm):
    to = forms.CharField(label="To", max_length=3000, help_text="One address, or up to ten with commas between them.")
    once_more = forms.BooleanField(required=False, label="Also to those who have it already")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        missing = not_sent_yet(self.obj)
        self.fields["to"].initial = ", ".join(missing or recipients(self.obj.organisation, kind_of(self.obj)))

    def clean_to(self) -> list[str]:
        return [address for address in re.split(r"[,;\s]+", self.cleaned_data["to"]) if address]

    def clean(self) -> dict[str, Any]:
        """Whoever has it gets it a second time only when that is ticked."""
        answers: dict[str, Any] = super().clean() or {}
        has_it = {address.casefold() for address in sent_to(self.obj)}
        again = [each for each in answers.get("to", []) if each.casefold() in has_it]
        if again and not answers.get("once_more"):
            self.add_error("once_more", f"{', '.join(again)} has it already. Tick this to send it there once more.")
        return answers

    @property
    def answers(self) -> dict[str, Any]:
        return {"to": self.cleaned_data["to"]}


def send_action(
    noun: str,
    *,
    service: Callable[[UUID, Sequence[str]], object],
    about: Callable[[Any], Iterable[tuple[str, Any]]],
    may: Callable[[Any], bool] = lambda _issued: True,
) -> Method:
    """The button "Send", for the first time and again. `service` gets the document's id and the addresses; `about` are
    the facts that the page shows of it; `may(issued)` says when the button is there."""

    def send(_admin: Any, _request: HttpRequest, issued: Invoice | CreditNote, *, to: list[str]) -> str:
        service(issued.pk, to)
        return f"The {noun} is on its way to {', '.join(to)}."

    def facts(_request: HttpRequest, issued: Invoice | CreditNote) -> list[tuple[str, Any]]:
        return [
            *about(issued),
            *(where_it_went(emails_of(issued)) if issued.sent_at else [("Sent so far to", "nobody")]),
        ]

    return object_action(
        label="Send",
        permission="invoicing.send_invoice",
        when=may,
        form=SendForm,
        confirm=lambda issued: (
            f"The {noun} goes out {'once more ' if issued.sent_at else ''}with its PDF, in one e-mail."
        ),
        facts=facts,
        warnings=no_email_warnings,
        icon="send",
    )(send)


def email_table(admin: Any, emails: Iterable[Notification], waiting: Sequence[str], after: str) -> SafeString | str:
    """Each e-mail with recipients, state and time. Before the first one: who waits for it, and for what."""
    rows = [
        (
            anchor(admin, email, email.subject),
            ", ".join(email.recipients),
            badge(email.state_label, TONES[email.state]),
            when(email.sent_at) if email.sent_at else email.last_failure or email.not_sent_because or EMPTY,
        )
        for email in emails
    ]
    if not rows:
        return f"Goes to {', '.join(waiting)} as soon as {after}." if waiting else "None was sent."
    body = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
    return format_html('<div class="facts-scroll"><table class="facts wide">{}{}</table></div>', _HEAD, body)
