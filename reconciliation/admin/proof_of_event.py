"""On the page of a ledger entry: its statement, and its proof as a file."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from billing_platform.lib.admin.base import Extension, extends, object_page
from billing_platform.lib.admin.display import admin_url, anchor
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.http.downloads import file_response
from events.models import UsageEvent
from events.selectors.entries import original_of
from organisations.scoping import reaches_every_organisation
from reconciliation.models import DailyStatement
from reconciliation.proving.answers import answer_of
from reconciliation.proving.event_proofs import statement_of


@extends(UsageEvent)
class ProofOfAnEvent(Extension):
    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        may_open = reaches_every_organisation(request.user)
        return [*shown, ("Proof", {"fields": (self.statement_link if may_open else self.statement_name,)})]

    @admin.display(description="Statement")
    def statement_link(self, event: UsageEvent) -> Any:
        found = statement_of(event)
        return anchor(self.page, found, _name(found)) if found else _none_yet(event)

    @admin.display(description="Statement")
    def statement_name(self, event: UsageEvent) -> str:
        found = statement_of(event)
        return _name(found) if found else _none_yet(event)

    @object_page(
        label="Its proof",
        permission="events.view_usageevent",
        when=lambda event: statement_of(event) is not None,
        icon="verified",
    )
    def proof(self, request: HttpRequest, event: UsageEvent) -> HttpResponseBase:
        try:
            said = answer_of(original_of(event))
        except DomainError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(admin_url(event))
        return file_response(f"proof-{event.pk}.json", json.dumps(said, indent=2).encode(), "application/json")


def _name(statement: DailyStatement) -> str:
    return f"Statement {statement.number} of {day_text(statement.day)}"


def _none_yet(event: UsageEvent) -> str:
    return f"Not yet: that of {day_text(event.counted_on)} (UTC) is made at 03:00 on the day after"
