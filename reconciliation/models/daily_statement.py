"""Daily statements: what was counted and issued on a day, hashed, chained and signed. docs/proof.md says how."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import append_only
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from organisations.models import Organisation
from organisations.scoping import Actor, TenantModel, reaches_every_organisation
from reconciliation.proof.content import NO_STATEMENT, Content, Tree, read

_GOES_ON = f"""
    SELECT * INTO before FROM reconciliation_dailystatement ORDER BY number DESC LIMIT 1;
    IF NEW.number <> COALESCE(before.number, 0) + 1 OR NEW.day <> COALESCE(before.day + 1, NEW.day) THEN
        RAISE EXCEPTION 'Statement % of % does not follow upon the last one.', NEW.number, NEW.day
            USING ERRCODE = 'check_violation';
    END IF;
    said := NEW.content::jsonb;
    IF NEW.hash <> encode(sha256(convert_to(NEW.content, 'UTF8')), 'hex')
    OR said ->> 'previous' IS DISTINCT FROM COALESCE(before.hash, '{NO_STATEMENT}')
    OR (said ->> 'number', said ->> 'day', said ->> 'key')
       IS DISTINCT FROM (NEW.number::text, to_char(NEW.day, 'YYYY-MM-DD'), NEW.key_id::text) THEN
        RAISE EXCEPTION 'Statement % does not say what stands beside it, or not what comes before it.', NEW.number
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""  # noqa: S608  (a constant of ours)


class EverybodysStatements(models.QuerySet["DailyStatement"]):
    def for_organisations(self, actor: Actor) -> Self:
        """A statement counts what all customers have: only who may see all of them may see it."""
        return self if reaches_every_organisation(actor) else self.none()


class DailyStatement(BaseModel):
    """One UTC day: a link of a chain without gaps. `content` is signed as it stands, to the byte."""

    number = models.PositiveIntegerField(unique=True, help_text="1 is the first statement.")
    day = models.DateField(unique=True, help_text="UTC.")
    content = models.TextField(help_text="What is hashed and signed.")
    hash = models.CharField("SHA-256", max_length=64, unique=True, help_text="Of the content, in hex.")
    signature = models.CharField(max_length=88, help_text="Ed25519 over the content, in base64.")
    key_id = models.CharField("key", max_length=16, help_text="The first 16 hex digits of the public key's SHA-256.")
    made_at = models.DateTimeField()

    objects = EverybodysStatements.as_manager()

    class Meta:
        verbose_name = "daily statement"
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="statements_are_numbered_from_1"),
            models.CheckConstraint(condition=~Q(signature=""), name="statement_is_signed"),
        ]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="goes_on",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("before", "reconciliation_dailystatement%ROWTYPE"), ("said", "jsonb")],
                func=_GOES_ON,
            ),
        ]

    def __str__(self) -> str:
        return day_text(self.day)

    @property
    def said(self) -> Content:
        """Raises Unreadable if somebody changed it."""
        return read(self.content)


class ProofBlock(BaseModel, TenantModel):
    """Up to 1,024 leaves of one customer in a statement's tree, by their hash.

    Blocks save reading all of a day again for the proof of one event, and say which leaf differs. What is proven never
    rests on them: their roots lead to the one that is signed.
    """

    statement = models.ForeignKey(DailyStatement, on_delete=models.PROTECT, related_name="blocks")
    organisation = models.ForeignKey(Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="+")
    tree = models.CharField(max_length=9, choices=Tree)
    number = models.PositiveIntegerField(help_text="0 is the customer's first block of the day.")
    first_key = models.CharField(max_length=120, help_text="Of its first leaf.")
    leaves = models.PositiveIntegerField()
    root = models.BinaryField(max_length=32)
    prints = models.BinaryField(help_text="The first 8 bytes of each leaf's hash.")
    names = models.JSONField(null=True, blank=True, help_text="Key and label of each leaf of a document.")

    class Meta:
        ordering = ["statement", "tree", "organisation", "number"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "tree", "organisation", "number"], name="proof_block_once"),
            models.CheckConstraint(condition=Q(leaves__gte=1, leaves__lte=1_024), name="proof_block_has_its_size"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.get_tree_display()} of {self.organisation_id}, block {self.number}"
