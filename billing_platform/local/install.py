"""Makes a virtual environment with exactly the packages of the lock files. `make` runs it with the system's Python."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, default=CHECKOUT / ".venv")
    parser.add_argument("locks", nargs="+", help="lock files, relative to the checkout")
    arguments = parser.parse_args()
    if sys.version_info < OLDEST:
        have, need = (".".join(map(str, version)) for version in (sys.version_info[:3], OLDEST))
        sys.stderr.write(
            f"Python {need} or newer is needed; {sys.executable} is {have}. Try: make PYTHON=python3.12 …\n"
        )
        return 1
    return install(arguments.venv.absolute(), arguments.locks)


def install(venv: Path, locks: list[str]) -> int:
    """Install the lock files that changed since the last time. Two processes at once run one after the other."""
    if not _outdated(venv, locks):
        return 0
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / ".lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        outdated = _outdated(venv, locks)
        if not outdated:
            return 0
        sys.stdout.write(f"Installing {' and '.join(outdated)} into {venv} (the first time takes a minute or two) …\n")
        sys.stdout.flush()
        if not _works(venv) and _run(sys.executable, "-m", "venv", "--clear", str(venv)) != 0:
            sys.stderr.write("No virtual environment could be made; on Debian and Ubuntu: apt install python3-venv\n")
            return 1
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        for name in outdated:
            if _run(*pip, "--require-hashes", "-r", str(CHECKOUT / name)) != 0:
                sys.stderr.write(f"{name} could not be installed; what pip says is above.\n")
                return 1
            _note(venv, name)
    return 0


def _outdated(venv: Path, locks: list[str]) -> list[str]:
    noted = _noted(venv)
    return [name for name in locks if noted.get(name) != _digest(name)]


def _digest(name: str) -> str:
    return hashlib.sha256((CHECKOUT / name).read_bytes()).hexdigest()


def _noted(venv: Path) -> dict[str, str]:
    """Lock file → digest of what was installed; empty for an environment that was moved or whose Python is gone."""
    stamp = venv / ".installed.json"
    if not stamp.exists() or not os.access(venv / "bin" / "python", os.X_OK):
        return {}
    content: dict[str, str] = json.loads(stamp.read_text())
    return content if content.get("venv") == str(venv) else {}


def _note(venv: Path, name: str) -> None:
    content = {**_noted(venv), "venv": str(venv), name: _digest(name)}
    (venv / ".installed.json").write_text(json.dumps(content, indent=2) + "\n")


def _works(venv: Path) -> bool:
    python = venv / "bin" / "python"
    return python.exists() and _run(str(python), "-m", "pip", "--version", quiet=True) == 0


def _run(*command: str, quiet: bool = False) -> int:
    stream = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, stdout=stream, stderr=stream, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
