"""What a customer gets by e-mail: its switches on the customer's page, and the page "What is on for whom"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.template.response import TemplateResponse

from billing_platform.lib.admin.base import ActionForm, Extension, extends, object_action, scoped
from organisations.audit import acting_person
from organisations.models import Contact, Organisation, SuppressedAddress, SwitchedOffEmail
from organisations.notifications.suppressing import suppressed
from organisations.notifications.switches import customers_kinds, set_kinds

ROWS_OF_A_PAGE = 50
SHOWN = {
    "": "Any of these",
    "off": "Something switched off",
    "contacts": "Contacts",
    "suppressed": "A suppressed address",
}


class Checkboxes(forms.CheckboxSelectMultiple):
    """The form's template takes whatever says that it is a checkbox for a single one, and puts its label behind it."""

    has_own_looks = True
    input_type = "checkboxes"

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super().create_option(*args, **kwargs), "type": "checkbox"}


def always_sent() -> dict[str, list[str]]:
    """What nobody switches off: the reason, and the kinds that it holds for."""
    found: dict[str, list[str]] = {}
    for kind in customers_kinds():
        if not kind.may_be_switched_off:
            found.setdefault(kind.why, []).append(kind.label)
    return found


class SwitchesForm(ActionForm):
    kinds = forms.MultipleChoiceField(label="E-mails that it gets", required=False, widget=Checkboxes)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        off = set(self.obj.switched_off_emails.filter(address="").values_list("kind", flat=True))
        kinds = [kind for kind in customers_kinds() if kind.may_be_switched_off]
        self.fields["kinds"].choices = [(kind.name, f"{kind.label} ({kind.purpose.label})") for kind in kinds]
        self.fields["kinds"].initial = [kind.name for kind in kinds if kind.name not in off]

    @property
    def answers(self) -> dict[str, Any]:
        chosen = self.cleaned_data["kinds"]
        return {
            "off": [kind.name for kind in customers_kinds() if kind.may_be_switched_off and kind.name not in chosen]
        }


@extends(Organisation)
class EmailSwitchesOfCustomer(Extension):
    @object_action(
        label="Switch e-mails on and off",
        permission="organisations.change_organisation",
        form=SwitchesForm,
        confirm="What is not ticked is not sent to anybody at this customer. The others are always sent, for the "
        "reason beside them.",
        facts=lambda _request, organisation: [
            ("Customer", organisation.name),
            *(
                (row.address, f"has switched off: {row.kind}")
                for row in organisation.switched_off_emails.exclude(address="")
            ),
            *((", ".join(labels), why) for why, labels in always_sent().items()),
        ],
        icon="mark_email_read",
    )
    def switch_emails(self, request: HttpRequest, organisation: Organisation, *, off: list[str]) -> str:
        set_kinds(organisation=organisation, off=off, by=acting_person())
        return f"{len(off)} kinds of e-mails are switched off." if off else "Every kind of e-mail is on."


@dataclass
class Row:
    """A customer with something out of the ordinary."""

    organisation: Organisation
    contacts: list[Contact]
    off: list[str] = field(default_factory=list)
    suppressed: list[str] = field(default_factory=list)


def out_of_the_ordinary(request: HttpRequest, shown: str) -> Any:
    """Customers with contacts, with something switched off, or with a suppressed address."""
    customer = {"organisation": OuterRef("pk")}
    standing = SuppressedAddress.objects.filter(lifted_at__isnull=True).values("address")
    asked = {
        "off": Q(Exists(SwitchedOffEmail.objects.filter(**customer))),
        "contacts": Q(Exists(Contact.objects.filter(**customer))),
        "suppressed": Q(lower_email__in=standing)
        | Q(Exists(Contact.objects.alias(lower=Lower("email")).filter(**customer, lower__in=standing))),
    }
    wanted = asked[shown] if shown in asked else asked["off"] | asked["contacts"] | asked["suppressed"]
    return (
        scoped(Organisation.objects.alias(lower_email=Lower("billing_email")), request).filter(wanted).order_by("name")
    )


def rows_of(organisations: list[Organisation]) -> list[Row]:
    """With a number of queries that does not grow with them."""
    rows = {each.pk: Row(each, []) for each in organisations}
    labels = {kind.name: kind.label for kind in customers_kinds()}
    for contact in Contact.objects.filter(organisation__in=rows):
        rows[contact.organisation_id].contacts.append(contact)
    for off in SwitchedOffEmail.objects.filter(organisation__in=rows):
        label = labels.get(off.kind, off.kind)
        rows[off.organisation_id].off.append(f"{label} to {off.address}" if off.address else label)
    addresses = {each.billing_email for each in organisations}
    dead = suppressed(addresses | {contact.email for row in rows.values() for contact in row.contacts})
    for row in rows.values():
        theirs = [row.organisation.billing_email, *(contact.email for contact in row.contacts)]
        row.suppressed = [dead[address].sentence for address in theirs if address in dead]
    return list(rows.values())


def on_for_whom(page: Any, request: HttpRequest) -> TemplateResponse:
    """The page; `page` is the list above which it stands."""
    shown = request.GET.get("shown", "")
    found = Paginator(out_of_the_ordinary(request, shown), ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "What is on for whom",
        "is_fullwidth": "1",
        "shown": shown,
        "choices": SHOWN.items(),
        "page": found,
        "rows": rows_of(list(found)),
        "always": always_sent().items(),
    }
    return TemplateResponse(request, "admin/organisations/on_for_whom.html", context)
