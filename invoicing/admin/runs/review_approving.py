"""What is approved in the review queue: parked months exactly as the page that asks shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from billing_platform.lib.admin.base import ActionForm
from invoicing.admin import approving
from invoicing.models import ReviewItem
from invoicing.services.runs.reviewing import NO_DRAFT


@dataclass(frozen=True)
class ToApprove:
    """A parked month, with its draft as it would be computed now; without one where nothing was used."""

    item: ReviewItem
    draft: approving.ToApprove | None

    @classmethod
    def now(cls, item: ReviewItem) -> ToApprove:
        return cls(item, approving.ToApprove.now(item.invoice) if item.invoice else None)


class ApproveForm(ActionForm):
    """`obj` is a ToApprove: what is approved is exactly what this page shows."""

    fingerprint = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fingerprint"].initial = self.obj.draft.asked.fingerprint if self.obj.draft else NO_DRAFT
