"""Contacts of customers: who reads which of its e-mails. Added on the customer's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ModelAdmin,
    ReadOnlyInline,
    extends,
    link,
    list_page,
    object_action,
    short_time,
)
from organisations.admin.email_switches import on_for_whom
from organisations.models import Contact, Organisation, Purpose
from organisations.services import contacts

PURPOSES = Contact._meta.get_field("purpose").help_text


class ContactForm(ActionForm):
    purpose = forms.ChoiceField(choices=Purpose.choices, help_text=PURPOSES)
    email = forms.EmailField(label="E-mail address")
    name = forms.CharField(max_length=200, required=False)


class ContactInline(ReadOnlyInline):
    model = Contact
    fields = ("purpose", "name", "email", "is_active")
    readonly_fields = fields


@extends(Organisation)
class ContactsOfCustomer(Extension):
    inlines = (ContactInline,)

    @object_action(
        label="Add contact",
        permission="organisations.add_contact",
        form=ContactForm,
        confirm="Billing contacts get e-mails besides the billing e-mail; contacts for other purposes in its place.",
        facts=lambda _request, organisation: [
            ("Billing e-mail", organisation.billing_email),
            *((contact.get_purpose_display(), str(contact)) for contact in organisation.contacts.all()),
        ],
        icon="person_add",
    )
    def add_contact(self, request: HttpRequest, organisation: Organisation, **answers: Any) -> str:
        contact = contacts.add_contact(organisation=organisation, **answers)
        return f"{contact} gets e-mails about {contact.get_purpose_display().lower()} from now on."


@admin.register(Contact)
class ContactAdmin(ModelAdmin):
    empty_hint = "A contact reads some of a customer's e-mails: add one on the customer's page."
    list_on_a_phone = ("email", "customer", "purpose")
    list_display = ("email", "name", "customer", "purpose", "is_active", "created")
    list_filter = ("purpose", "is_active", "organisation")
    search_fields = ("email", "name", "organisation__name")
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    fields = ("organisation", ("purpose", "is_active"), ("email", "name"))

    customer = link("organisation", "Customer")
    created = short_time("created_at", "Added")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A contact never moves to another customer."""
        return () if obj is None else ("organisation",)

    def create(self, request: HttpRequest, values: dict[str, Any]) -> Contact:
        return contacts.add_contact(**values)

    def update(self, request: HttpRequest, obj: Contact, changes: dict[str, Any]) -> None:
        contacts.update_contact(contact_id=obj.pk, changes=changes)

    @list_page(label="What is on for whom", permission="organisations.view_contact", icon="checklist")
    def on_for_whom(self, request: HttpRequest) -> HttpResponse:
        return on_for_whom(self, request)

    @object_action(
        label="Remove",
        permission="organisations.delete_contact",
        confirm="Nothing is sent to it any more. What is on its way already arrives.",
        facts=lambda _request, contact: [
            ("Customer", contact.organisation.name),
            ("Purpose", contact.get_purpose_display()),
            ("Contact", str(contact)),
        ],
        danger=True,
        icon="person_remove",
    )
    def remove(self, request: HttpRequest, contact: Contact) -> HttpResponse:
        contacts.remove_contact(contact_id=contact.pk)
        self.message_user(request, f"{contact} was removed.")
        return redirect("admin:organisations_organisation_change", contact.organisation_id)
