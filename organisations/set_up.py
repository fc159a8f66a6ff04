"""What a new installation needs of sellers, customers and people."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.urls import reverse

from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import action_url
from billing_platform.lib.admin.set_up import Stage, State, Step, step
from organisations.models import ApiKey, BillingEntity, Membership, Notification, Organisation, Project

MANY_ADMINS = 2


def steps() -> Iterator[Step]:
    """Of the default seller and the first customer, in a constant number of queries."""
    yield from _seller(first_seller())
    yield from _first_customer()
    yield _email()
    yield _admins()


def first_seller() -> BillingEntity | None:
    """The default one, or else the oldest."""
    return BillingEntity.objects.order_by("-is_default", "created_at").first()


def _seller(seller: BillingEntity | None) -> Iterator[Step]:
    if seller is None:
        add = reverse("admin:organisations_billingentity_add")
        sentence = "Your company as it stands on invoices: legal name, address, State, GSTIN, bank account."
        yield Step(Stage.SELLER, "Seller", State.MISSING, sentence, "Add the seller", add)
        return
    page = reverse("admin:organisations_billingentity_change", args=[seller.pk])
    missing = [name for name in ("address_line1", "city", "postal_code") if not getattr(seller, name)]
    words = {"address_line1": "address", "city": "city", "postal_code": "PIN code"}
    listed = ", ".join(words[name] for name in missing)
    line = partial(step, Stage.SELLER, button="Change the seller", url=page)
    yield line(
        "Seller",
        is_done=not missing,
        done=f"{seller.legal_name}, with its address.",
        missing=f"{seller.legal_name} has no {listed}: tax invoices have to print it.",
    )
    yield line(
        "GSTIN",
        is_done=bool(seller.gstin),
        done=f"{seller.gstin}.",
        missing="Without GSTIN no tax is charged. Enter it once you are registered.",
        advised=True,
    )
    yield line(
        "Bank account",
        is_done=bool(seller.bank_account_number or seller.upi_id),
        done="Printed on invoices, for who pays by transfer.",
        missing="Customers who pay by transfer need a bank account or a UPI id on the invoice.",
    )
    yield line(
        "Logo",
        is_done=bool(seller.logo),
        done="Stands on documents, e-mails and the pay page.",
        missing="Without a logo, documents show the seller's name.",
        advised=True,
    )


def _first_customer() -> Iterator[Step]:
    customer = Organisation.objects.order_by("created_at").first()
    add = reverse("admin:organisations_organisation_add")
    customers = list_address(Organisation)
    yield step(
        Stage.CUSTOMERS,
        "First customer",
        is_done=customer is not None,
        done="There are customers.",
        missing="Who uses your service, and who pays for it. Many at once come as a file.",
        button="Add a customer",
        url=customers if customer else add,
    )
    project = Project.objects.select_related("organisation").order_by("created_at").first()
    yield step(
        Stage.CUSTOMERS,
        "Project",
        is_done=project is not None,
        done="Usage is reported for projects.",
        missing="An application that reports usage. A customer has one or several.",
        button="Create a project",
        url=list_address(Project) if project else action_url(customer, "create_project") if customer else "",
    )
    has_key = ApiKey.objects.filter(project__isnull=False, revoked_at__isnull=True).exists()
    issue = action_url(project.organisation, "issue_key") if project else ""
    yield step(
        Stage.CUSTOMERS,
        "API key",
        is_done=has_key,
        done="A project has a key to report usage with.",
        missing="The application sends usage with a key of its project.",
        button="Issue a key",
        url=list_address(ApiKey) if has_key else issue,
    )


def _email() -> Step:
    sent = Notification.objects.filter(status=Notification.Status.SENT).exists()
    return step(
        Stage.MACHINE,
        "E-mail",
        is_done=sent,
        done="The mail server takes e-mails.",
        missing="No e-mail was taken by the mail server yet. Send one to yourself (EMAIL_URL in the environment).",
        button="Send yourself a sample",
        url=list_address(Notification)
        if sent
        else reverse("admin:organisations_notification_list_action", args=["kinds"]),
    )


def _admins() -> Step:
    reaches_all = Q(memberships__organisation__isnull=True, memberships__role=Membership.Role.ADMIN)
    admins = get_user_model().objects.filter(Q(is_superuser=True) | reaches_all, is_active=True, is_staff=True)
    are_several = admins.distinct().count() >= MANY_ADMINS
    return step(
        Stage.MACHINE,
        "Second admin",
        is_done=are_several,
        done="If one admin is away or locked out, another one can help.",
        missing="Only one person may change everything. If that person is locked out, nobody lets them in.",
        button="Add a user",
        url=reverse("admin:auth_user_changelist" if are_several else "admin:auth_user_add"),
        advised=True,
    )
