"""What reconciliation adds to shared pages: nothing yet."""

from __future__ import annotations

from billing_platform.lib.admin.contributions import Contribution

BACKOFFICE = Contribution()
