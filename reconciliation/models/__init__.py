"""What was compared, and what did not agree."""

from __future__ import annotations

from reconciliation.models.check_name import CheckName
from reconciliation.models.daily_statement import DailyStatement, ProofBlock
from reconciliation.models.discrepancy import Discrepancy
from reconciliation.models.run import CheckRun, Run

__all__ = ["CheckName", "CheckRun", "DailyStatement", "Discrepancy", "ProofBlock", "Run"]
