"""Templates of documents, and their versions: a draft, and released ones that never change."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.validators import (
    storable,
    validate_colour,
    validate_line,
    validate_printed_line,
    validate_printed_paragraphs,
)
from invoicing.documents.html import MAX_CSS, MAX_HTML, Source
from invoicing.look import ENGLISH, FONTS, LANGUAGES, Look, Template
from organisations.logos import LogoField
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel


def validate_source(text: str) -> None:
    if not storable(text):
        raise ValidationError("This holds a character that can't be stored.")


class InvoiceTemplate(BaseModel, TenantModel):
    """How documents look: of one customer, of one seller, or of every seller. Changes go to its draft; what is released
    is used by the documents that are issued from then on."""

    tenant_shared = True

    name = models.CharField(max_length=100, validators=[validate_line], help_text="The name that operators see.")
    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoice_templates",
        help_text="Only for this customer's documents. Empty: for all customers of the seller.",
    )
    billing_entity = models.ForeignKey(
        BillingEntity,
        verbose_name="seller",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoice_templates",
        help_text="Only for this seller's documents. Empty: for every seller.",
    )
    released = models.ForeignKey(
        "invoicing.InvoiceTemplateVersion",
        verbose_name="released version",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    is_default = models.BooleanField(
        "in use",
        default=False,
        editable=False,
        help_text="Documents of its customer, of its seller or of every seller are issued with it.",
    )

    constraint_fields = {
        "template_for_customer_or_seller": "billing_entity",
        "template_names_are_unique": "name",
    }

    class Meta:
        ordering = ["name"]
        permissions = [("release_invoicetemplate", "Release an invoice template, and put it in use")]
        constraints = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=True) | Q(billing_entity__isnull=True),
                name="template_for_customer_or_seller",
                violation_error_message="A template is for a customer or for a seller: leave one of them empty.",
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(released__isnull=False),
                name="template_in_use_is_released",
                violation_error_message="Release the template before it is used.",
            ),
            models.UniqueConstraint(
                fields=["organisation", "billing_entity"],
                condition=Q(is_default=True),
                nulls_distinct=False,
                name="one_template_in_use",
                violation_error_message="Another template is in use there.",
            ),
            models.UniqueConstraint(
                fields=["name", "organisation"],
                nulls_distinct=False,
                name="template_names_are_unique",
                violation_error_message="Another template has this name.",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="uses_its_own_released_version",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__released__isnull=False),
                func="""
                    IF NOT EXISTS (SELECT FROM invoicing_invoicetemplateversion
                                   WHERE id = NEW.released_id AND template_id = NEW.id AND released_at IS NOT NULL)
                    THEN
                        RAISE EXCEPTION 'A template uses a released version of its own.'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def draft(self) -> InvoiceTemplateVersion | None:
        return self.versions.filter(released_at__isnull=True).first()

    @property
    def newest(self) -> InvoiceTemplateVersion:
        """The draft, or else what is released."""
        version: InvoiceTemplateVersion = self.versions.order_by("-number")[0]
        return version

    @property
    def used_for(self) -> str:
        """Whose documents it is for, in words."""
        return str(self.organisation or self.billing_entity or "Every seller")


class InvoiceTemplateVersion(BaseModel, TenantModel):
    """What a template says. Documents name the released version that they were issued with, so it stays for ever."""

    tenant_path = "template__organisation"
    tenant_shared = True

    template = models.ForeignKey(InvoiceTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(editable=False)
    released_at = models.DateTimeField(null=True, blank=True, editable=False)
    colour = models.CharField(
        max_length=7,
        blank=True,
        validators=[validate_colour],
        help_text="Such as #1f4e79. Empty: the seller's.",
    )
    logo = LogoField(blank=True, help_text="PNG or JPEG. Empty: the seller's.")
    font = models.CharField(
        max_length=10, choices=FONTS, default="sans", help_text="Of the page and the e-mail. PDFs have Noto Sans."
    )
    language = models.CharField("labels", max_length=5, choices=LANGUAGES, default=ENGLISH)
    footer = models.CharField(
        max_length=300,
        blank=True,
        validators=[validate_printed_line],
        help_text="At the foot of each page. Empty: name, GSTIN and addresses of the seller.",
    )
    notes = models.TextField(
        blank=True,
        validators=[validate_printed_paragraphs, MaxLengthValidator(2000)],
        help_text="Printed on each invoice, below its own notes.",
    )
    shows_quantities = models.BooleanField("quantity and unit price", default=True)
    shows_working = models.BooleanField(
        "working of each line", default=True, help_text="Tiers, and shares of projects."
    )
    shows_bank = models.BooleanField("bank details", default=True)
    html = models.TextField(
        "HTML",
        blank=True,
        validators=[MaxLengthValidator(MAX_HTML), validate_source],
        help_text="Of the page and the e-mail. Empty: the built-in.",
    )
    css = models.TextField(
        "CSS", blank=True, validators=[MaxLengthValidator(MAX_CSS), validate_source], help_text="Empty: the built-in."
    )

    class Meta:
        verbose_name = "version of an invoice template"
        verbose_name_plural = "versions of invoice templates"
        ordering = ["template__name", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_versions_are_numbered"),
            models.UniqueConstraint(
                fields=["template"], condition=Q(released_at__isnull=True), name="one_draft_of_a_template"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="released_never_changes",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__released_at__isnull=False),
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.template}, version {self.number}"

    @property
    def source(self) -> Source:
        return Source(self.html, self.css)

    def as_fact(self) -> Template:
        """The plain value that documents are issued with."""
        return Template(
            look=Look(
                version=str(self.pk),
                language=self.language,
                font=self.font,
                footer=self.footer,
                shows_quantities=self.shows_quantities,
                shows_working=self.shows_working,
                shows_bank=self.shows_bank,
            ),
            colour=self.colour,
            logo=self.logo.name or "",
            notes=self.notes,
        )

    @classmethod
    def content_fields(cls) -> tuple[str, ...]:
        """What a person writes: everything but the version's place."""
        apart = ("id", "created_at", "updated_at", "template", "number", "released_at")
        return tuple(each.name for each in cls._meta.concrete_fields if each.name not in apart)

    @property
    def content(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.content_fields()}
