"""Customers: their details, projects and keys, and the ways to everything else that is theirs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import ActionForm, ModelAdmin, ReadOnlyInline, link, object_action
from billing_platform.lib.admin.tabbed import TabbedMixin
from billing_platform.lib.admin.tabs import DETAILS, HISTORY, OVERVIEW, Tab
from billing_platform.lib.gst import INDIA, pin_fits_state, state_name
from organisations.admin.amounts import RuleAmountField, SellersOrOwnField
from organisations.admin.billing_hold import hold_sentences, standing_of
from organisations.admin.customer_list_pages import CustomerListPages
from organisations.admin.project import IssueKeyForm
from organisations.customer_changes import consequences_of
from organisations.models import ApiKey, BillingEntity, Membership, Notification, Organisation, Project
from organisations.services import api_keys, onboarding

SEES = "organisations.view_organisation"


class NewProjectForm(ActionForm):
    name = forms.CharField(max_length=200)
    mode = forms.ChoiceField(
        choices=Project.Mode.choices,
        initial=Project.Mode.LIVE,
        help_text="A test project's usage is counted and shown, but never billed.",
    )


class IssueKeyOfProjectForm(IssueKeyForm):
    project = forms.ModelChoiceField(Project.objects.none())

    field_order = ("project", "name", "expires_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = self.obj.projects.filter(is_active=True)


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to mypy only
    """Refuses what would spoil what was billed, and asks before a change with consequences: the switch appears then."""

    approve_above = RuleAmountField(
        label="Approval above", required=False, help_text=Organisation._meta.get_field("approve_above").help_text
    )
    approve_first = SellersOrOwnField(label="Approval of a first invoice")
    approve_edited = SellersOrOwnField(label="Approval of typed lines")
    confirm = forms.BooleanField(label="I know, and want it so", required=False, widget=forms.HiddenInput)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # not among Django's types
        if self.errors or self.instance._state.adding:
            return
        before = Organisation.objects.get(pk=self.instance.pk)
        for each in consequences_of(before, self.instance):
            if each.code:
                self.add_error(each.field, each.sentence)
            elif not self.cleaned_data.get("confirm"):
                self.fields["confirm"].widget = forms.CheckboxInput()
                self.add_error("confirm", each.sentence)


class ProjectInline(ReadOnlyInline):
    model = Project
    fields = ("name", "mode", "is_active", "created_at")
    readonly_fields = fields


@admin.register(Organisation)
class OrganisationAdmin(CustomerListPages, TabbedMixin, ModelAdmin):
    tabs = (
        Tab(OVERVIEW, "Overview", SEES, 0),
        Tab(
            "projects",
            "Projects and keys",
            "organisations.view_project",
            20,
            lists=((Project, "organisation__id__exact"), (ApiKey, "project__organisation__id__exact")),
            actions=("create_project", "issue_key"),
        ),
        Tab(DETAILS, "Details", SEES, 80),
        Tab("audit", "Audit", SEES, 90, page=HISTORY),
    )
    form = OrganisationForm
    empty_hint = "Add the first customer: who uses your service, and who pays for it."
    list_on_a_phone = ("name", "currency", "is_active")
    list_display = ("name", "legal_name", "currency", "gstin", "country", "billing_entity", "is_active", "is_test")
    list_filter = ("is_active", "currency", "country", "billing_entity")
    search_fields = ("name", "legal_name", "slug", "gstin", "billing_email")
    list_select_related = ("billing_entity",)
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("legal_name", "billing_email"), ("language", "is_active"), "confirm")}),
        (
            "Billing",
            {
                "fields": (
                    ("billing_entity", "currency"),
                    ("payment_terms_days", "time_zone"),
                    "purchase_order",
                    "strict_metrics",
                    "uses_credit",
                )
            },
        ),
        (
            "Issuing",
            {
                "fields": (
                    ("draft_days", "approve_change_percent"),
                    ("approve_first", "approve_edited"),
                    "approve_above",
                )
            },
        ),
        ("Tax", {"fields": (("gstin", "state_code"), "gstin_checked_on", ("tax_id", "tax_id_kind"), "is_sez")}),
        ("Address", {"fields": (("address_line1", "address_line2"), ("city", "postal_code"), "country")}),
    )
    prepopulated_fields = {"slug": ("name",)}
    inlines = (ProjectInline,)
    related_lists = (
        (ApiKey, "project__organisation__id__exact"),
        (Membership, "organisation__id__exact"),
        (Notification, "organisation__id__exact"),
    )

    readonly_fields = ("held", "gstin_checked_on")

    seller = link("billing_entity", "Seller")

    def get_queryset(self, request: HttpRequest) -> Any:
        return standing_of(super().get_queryset(request), "billing_holds")

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        """What holds the customer's billing stands above everything else."""
        held = obj is not None and bool(obj.standing_holds)
        return (
            [("On hold", {"fields": ("held",), "classes": ("warnings",)}), *self.fieldsets] if held else self.fieldsets
        )

    def create(self, request: HttpRequest, values: dict[str, Any]) -> Organisation:
        return onboarding.create_organisation(**values)

    def update(self, request: HttpRequest, obj: Organisation, changes: dict[str, Any]) -> None:
        """The form has asked for the confirmation, where one was needed."""
        onboarding.update_organisation(organisation=obj, confirm=True, **changes)

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.country == INDIA and obj.postal_code and not pin_fits_state(obj.postal_code, obj.state_code):
            state = state_name(obj.state_code)
            messages.warning(
                request, f"PIN code {obj.postal_code} does not look like one of {state}: check the address."
            )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj is not None else dict(self.prepopulated_fields)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        default = BillingEntity.objects.filter(is_default=True).first()
        return {"billing_entity": default and default.pk, **super().get_changeform_initial_data(request)}

    @admin.display(description="On hold")
    def held(self, organisation: Organisation) -> Any:
        return hold_sentences(self, organisation.standing_holds)

    @object_action(label="Create project", permission="organisations.add_project", form=NewProjectForm, icon="add")
    def create_project(self, request: HttpRequest, organisation: Organisation, *, name: str, mode: str) -> HttpResponse:
        project = onboarding.create_project(organisation=organisation, name=name, mode=mode)
        return self.done(request, f"Project “{project.name}” was created.", project)

    @object_action(
        label="Issue API key",
        permission="organisations.issue_apikey",
        form=IssueKeyOfProjectForm,
        when=lambda organisation: organisation.is_active and organisation.projects.filter(is_active=True).exists(),
        confirm="The key reports usage for one project. It is shown once, on the next page.",
        icon="key",
    )
    def issue_key(
        self, request: HttpRequest, organisation: Organisation, *, project: Project, **answers: Any
    ) -> HttpResponse:
        issued = api_keys.issue_project_key(project=project, **IssueKeyForm.options(answers))
        return self.show_secret(request, organisation, title=f"New key of {project}", secret=issued.secret)
