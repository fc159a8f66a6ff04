"""Query parameters of organisations, projects, keys and webhooks."""

from __future__ import annotations

from typing import Any

from django_filters import ChoiceFilter
from django_filters.rest_framework import FilterSet

from billing_platform.lib.http.parameters import IdFilter, TextFilter, TruthFilter
from organisations.models import EmailState, Project, Purpose, WebhookDelivery, WebhookEndpoint


class OrganisationParameters(FilterSet):
    name = TextFilter()
    slug = TextFilter()
    is_active = TruthFilter()


class ProjectParameters(FilterSet):
    name = TextFilter()
    mode = ChoiceFilter(choices=Project.Mode.choices)
    is_active = TruthFilter()


class ContactParameters(FilterSet):
    purpose = ChoiceFilter(choices=Purpose.choices)
    email = TextFilter()
    is_active = TruthFilter()


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
