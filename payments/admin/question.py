"""Adds to the page of a customer's question: nobody asks for the invoice again until it is closed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from billing_platform.lib.admin.base import Extension, extends, object_action
from invoicing.models import InvoiceQuestion
from payments.services.dunning import pauses, quiet


def _may_pause(question: InvoiceQuestion) -> bool:
    return not question.is_closed and question.invoice.is_collectable and quiet.standing_pause(question.invoice) is None


def _facts(_request: HttpRequest, question: InvoiceQuestion) -> Iterable[tuple[str, Any]]:
    yield "Customer", question.invoice.organisation.name
    yield "Invoice", str(question.invoice)


@extends(InvoiceQuestion)
class ReminderPauseOfQuestion(Extension):
    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None or quiet.standing_pause(obj.invoice) is None:
            return shown
        return [*shown[:1], ("Reminders", {"fields": (self.reminders,)}), *shown[1:]]

    @admin.display(description="Asking for the invoice again")
    def reminders(self, question: InvoiceQuestion) -> str:
        pause = quiet.standing_pause(question.invoice)
        if pause is None:
            return ""
        return "Paused until this question is closed." if pause.question_id == question.pk else pause.sentence

    @object_action(
        label="Pause reminders",
        permission="payments.collect_invoice",
        when=_may_pause,
        confirm="No reminders, no retries and no late fee for this invoice, until the question is closed.",
        facts=_facts,
        icon="notifications_paused",
    )
    def pause_reminders(self, request: HttpRequest, question: InvoiceQuestion) -> str:
        user: Any = request.user
        pauses.pause_for_question(question_id=question.pk, placed_by=user.get_username())
        return f"Nobody asks for {question.invoice} again until the question is closed."
