"""What became of many things that were asked for at once, in one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

REASONS_SHOWN = 3


@dataclass(slots=True)
class BulkReport:
    """What became of many things; `left` counts, by its sentence, why the others were not touched."""

    done: int = 0
    left: Counter[str] = field(default_factory=Counter)

    def summary(self, verb: str) -> str:
        """Such as “Replayed 40; 3 left: No metric …”."""
        if not self.left:
            return f"{verb} {self.done:,}."
        reasons = " ".join(reason for reason, _count in self.left.most_common(REASONS_SHOWN))
        hidden = len(self.left) - REASONS_SHOWN
        more = f" And {hidden} reasons more." if hidden > 0 else ""
        return f"{verb} {self.done:,}; {self.left.total():,} left: {reasons}{more}"
