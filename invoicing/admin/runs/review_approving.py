"""What is approved in the review queue: parked months exactly as the page that asks shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from billing_platform.lib.admin.base import ActionForm
from invoicing.admin import approving
from invoicing.models import ReviewItem
from invoicing.selectors.review import reviewed
from invoicing.services.approving import stored_fingerprint
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


class ApproveManyForm(ActionForm):
    """`obj` are the parked months: each is approved exactly as this page was made from it. `seen` has the fingerprints
    of their drafts by key."""

    seen = forms.JSONField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.fingerprints()

    def clean_seen(self) -> dict[str, str]:
        seen = self.cleaned_data["seen"]
        if not isinstance(seen, dict) or not all(isinstance(each, str) for each in seen.values()):
            raise forms.ValidationError("Open the page anew.")
        return seen

    def fingerprints(self) -> dict[str, str]:
        items = list(self.obj.select_related("organisation", "invoice", "run"))
        return {
            str(item.pk): stored_fingerprint(item.invoice) if item.invoice else NO_DRAFT
            for item, found in zip(items, reviewed(items), strict=True)
            if found.may_be_approved
        }
