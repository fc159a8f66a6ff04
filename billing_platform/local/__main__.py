"""The command line: `python -m billing_platform.local run`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import environ

from billing_platform.local import manage
from billing_platform.local.errors import LocalError
from billing_platform.local.process_table import CHECKOUT
from billing_platform.local.run import manage_alone, run


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m billing_platform.local", description="The platform on one machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="start everything and stay until Ctrl-C")
    running.add_argument("--reload", action="store_true", help="start the processes again when the code changes")
    managing = commands.add_parser("manage", help="a management command against what runs, or on the servers alone")
    managing.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    environ.Env.read_env(CHECKOUT / ".env")  # what is set in the environment wins
    var_dir = Path(os.environ.get("VAR_DIR") or CHECKOUT / "var").absolute()
    var_dir.mkdir(mode=0o711, parents=True, exist_ok=True)  # others may pass (PostgreSQL's account), not look
    try:
        if chosen.command == "run":
            return run(var_dir, reload=chosen.reload)
        on = manage.manage if manage.is_running(var_dir) else manage_alone
        return on(var_dir, chosen.arguments)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
