"""Secrets of this installation: made once, stored in var/secrets.json, readable by its owner only."""

from __future__ import annotations

import base64
import json
import os
import secrets
import string
from pathlib import Path
from typing import Any

ALPHANUMERIC = string.ascii_letters + string.digits


def load_or_make(var_dir: Path) -> dict[str, str]:
    """SECRET_KEY, the key that signs statements, the sandbox's Razorpay keys. What the file lacks is made and added."""
    file = _file(var_dir)
    stored: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "RAZORPAY_KEY_ID": "rzp_test_" + "".join(secrets.choice(ALPHANUMERIC) for _ in range(14)),
        "RAZORPAY_KEY_SECRET": "".join(secrets.choice(ALPHANUMERIC) for _ in range(24)),
        "PROOF_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "RAZORPAY_WEBHOOK_SECRET": secrets.token_urlsafe(32),
    }
    if missing := made.keys() - stored.keys():
        stored |= {name: made[name] for name in missing}
        write_private(file, stored)
    return stored


def are_made(var_dir: Path) -> bool:
    """Whether `make run` has ever worked here."""
    return _file(var_dir).exists()


def _file(var_dir: Path) -> Path:
    return var_dir / "secrets.json"


def write_private(file: Path, content: dict[str, Any]) -> None:
    """Write a file atomically. Other users can't read it at any moment."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as target:
        json.dump(content, target, indent=2)
        target.write("\n")
    fresh.replace(file)
