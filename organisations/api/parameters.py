"""Query parameters of organisations, projects, keys, webhooks and the audit log."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from django_filters import ChoiceFilter, IsoDateTimeFilter
from django_filters.rest_framework import FilterSet

from billing_platform.lib.http.parameters import IdFilter, TextFilter, TruthFilter
from organisations.models import DetailsRequest, EmailState, Project, Purpose, WebhookDelivery, WebhookEndpoint

ACTIONS = [(value, str(word)) for value, word in LogEntry.Action.choices]


class OrganisationParameters(FilterSet):
    name = TextFilter()
    slug = TextFilter()
    is_active = TruthFilter()
    is_test = TruthFilter()


class ProjectParameters(FilterSet):
    name = TextFilter()
    mode = ChoiceFilter(choices=Project.Mode.choices)
    is_active = TruthFilter()


class ContactParameters(FilterSet):
    purpose = ChoiceFilter(choices=Purpose.choices)
    email = TextFilter()
    is_active = TruthFilter()


class DetailsRequestParameters(FilterSet):
    subject = ChoiceFilter(choices=DetailsRequest.Subject.choices)
    status = ChoiceFilter(choices=DetailsRequest.Status.choices)


class EmailNotificationParameters(FilterSet):
    kind = TextFilter()
    state = ChoiceFilter(choices=EmailState.choices, method="in_state")

    def in_state(self, rows: Any, _name: str, state: str) -> Any:
        return rows.in_state(state)


class WebhookEndpointParameters(FilterSet):
    organisation = IdFilter("organisation_id")
    status = ChoiceFilter(choices=WebhookEndpoint.Status.choices)


class WebhookDeliveryParameters(FilterSet):
    status = ChoiceFilter(choices=WebhookDelivery.Status.choices)
    type = TextFilter(field_name="message__type")
    object_id = IdFilter("object_id")


class AuditLogParameters(FilterSet):
    organisation = IdFilter("additional_data__organisation", method="of_customer")
    kind = TextFilter(method="of_kind", label="The kind of object, such as invoice or pricingrule.")
    object_id = TextFilter(field_name="object_pk")
    action = ChoiceFilter(choices=[(word, word) for _value, word in ACTIONS], method="of_action")
    request_id = TextFilter(field_name="cid")
    since = IsoDateTimeFilter(field_name="timestamp", lookup_expr="gte")
    until = IsoDateTimeFilter(field_name="timestamp", lookup_expr="lt")

    def of_customer(self, rows: Any, _name: str, customer: Any) -> Any:
        return rows.filter(additional_data__organisation=str(customer))

    def of_kind(self, rows: Any, _name: str, kind: str) -> Any:
        return rows.filter(content_type__model=kind)

    def of_action(self, rows: Any, _name: str, word: str) -> Any:
        return rows.filter(action__in=[value for value, known in ACTIONS if known == word])
