"""Pages of reconciliation: runs of the checks, what they found, and the daily statements."""

from __future__ import annotations

from reconciliation.admin import bulk, completeness, daily_statement, discrepancy, proof_of_event, run

__all__ = ["bulk", "completeness", "daily_statement", "discrepancy", "proof_of_event", "run"]
