"""The tour of the README, pasted into a shell, line by line as it stands there."""

from __future__ import annotations

import re
import subprocess

from tests.scenarios.running import CHECKOUT, Platform


def test_the_tour_of_the_readme_ends_with_money_and_numbers_that_agree(platform: Platform) -> None:
    tour = (CHECKOUT / "README.md").read_text().partition("## A tour of ten minutes")[2].partition("\n## ")[0]
    script = "\n".join(re.findall(r"^```bash\n(.+?)^```$", tour, re.MULTILINE | re.DOTALL))
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=script,
        cwd=platform.var_dir.parent,  # where `var/` is
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # 5,625 tiles at Rs 0.04 are Rs 225.00; CGST and SGST of 9 % are Rs 20.25 each
    told = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    assert told.count("265.50") == 2  # the total, and what was paid
    assert (platform.var_dir / "tour" / "invoice.pdf").read_bytes().startswith(b"%PDF")
