"""The unprivileged system account that PostgreSQL needs when we are root."""

from __future__ import annotations

import os
import pwd
import shlex
import stat
import subprocess
import sys
from pathlib import Path

from billing_platform.local.errors import LocalError

ACCOUNT = "billing-postgres"


def account_for(directory: Path) -> pwd.struct_passwd | None:
    """The account that PostgreSQL runs as; None if it is our own.

    PostgreSQL refuses to run as root. If we are root, it runs as the owner of the data if the owner is an ordinary user
    (who started the platform before), otherwise as a system account of its own.
    """
    if os.geteuid() != 0:
        return None
    owner = directory.stat().st_uid if directory.exists() else 0
    if owner != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            raise LocalError(f"{directory} belongs to user id {owner}, which is no account of this machine.") from None
    return _own_account()


def _own_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        problem = result.stderr.strip()
    except FileNotFoundError:
        problem = "there is no useradd"
    try:
        account = pwd.getpwnam(ACCOUNT)  # also when another run created it a moment ago
    except KeyError:
        raise LocalError(
            f"PostgreSQL refuses to run as root, and the account {ACCOUNT} could not be created ({problem}). "
            "Create it, or run this as an ordinary user."
        ) from None
    say(f"PostgreSQL refuses to run as root: it runs as the system account {ACCOUNT}.")
    return account


def let_through(account: pwd.struct_passwd, *paths: Path) -> None:
    """Give the account the permission x (never r) on the directories above, where it is missing."""
    above = sorted({directory for path in paths for directory in path.absolute().parents})
    if opened := [directory for directory in above if _grant(account, directory, 1)]:
        say(f"So that PostgreSQL, as {account.pw_name}, may pass: chmod o+x {shlex.join(map(str, opened))}")


def let_read(account: pwd.struct_passwd, tree: Path) -> None:
    """Let the account read the installed PostgreSQL: only root can read a wheel that was unpacked under umask 077."""
    for folder, _, files in os.walk(tree):
        _grant(account, Path(folder), 5)
        for file in (Path(folder, name) for name in files):
            if not file.is_symlink():
                _grant(account, file, 5 if file.stat().st_mode & stat.S_IXUSR else 4)


def _grant(account: pwd.struct_passwd, path: Path, bits: int) -> bool:
    """Add permission bits to a path if they are missing. Returns whether they were."""
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid == account.pw_uid:
        granted = mode >> 6
    elif status.st_gid in os.getgrouplist(account.pw_name, account.pw_gid):
        granted = mode >> 3
    else:
        granted = mode
    if granted & bits == bits:
        return False
    try:
        path.chmod(mode | bits)
    except OSError as error:
        raise LocalError(f"{account.pw_name} may not read {path}, and that can't be changed: {error}") from None
    return True


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
