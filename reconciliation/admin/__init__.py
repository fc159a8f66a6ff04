"""Pages of reconciliation: runs of the checks, and what they found."""

from __future__ import annotations

from reconciliation.admin import discrepancy, run

__all__ = ["discrepancy", "run"]
