"""Renders a template in a process of its own, which is killed when its time is over."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from invoicing.documents import template_engine
from invoicing.documents.template_engine import MAX_OUTPUT, TemplateRefused

SECONDS = 5
"""By the clock, where CPU_SECONDS counts work only."""
AT_ONCE = 4
"""Of one process of ours: a page that many people open must not fill the machine."""

_ENGINE = Path(template_engine.__file__)
_MOST_BYTES = 6 * MAX_OUTPUT  # a letter of JSON has six bytes at the most
_places = threading.BoundedSemaphore(AT_ONCE)


def render_alone(source: str, values: Mapping[str, Any]) -> str:
    """What the template makes of the values, as clean HTML. Raises TemplateRefused."""
    if not _places.acquire(timeout=SECONDS):
        raise TemplateRefused("Too many templates are rendered at once. Try it again.")
    try:
        answer = _answer(json.dumps({"source": source, "values": values}).encode())
    finally:
        _places.release()
    if "error" in answer:
        raise TemplateRefused(**answer["error"])
    return str(answer["html"])


def _answer(job: bytes) -> dict[str, Any]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", str(_ENGINE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
    )
    alarm = threading.Timer(SECONDS, process.kill)
    alarm.start()
    try:
        return _spoken(process, job)
    finally:
        alarm.cancel()
        process.kill()
        process.wait()


def _spoken(process: subprocess.Popen[bytes], job: bytes) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The process was started with pipes.")
    with process.stdin, process.stdout:
        try:
            process.stdin.write(job)
            process.stdin.close()
            content = process.stdout.read(_MOST_BYTES + 1)
            answer: dict[str, Any] = json.loads(content) if len(content) <= _MOST_BYTES else {}
        except (OSError, ValueError):
            answer = {}
    if answer.keys() not in ({"html"}, {"error"}):
        raise TemplateRefused("The template takes too long, or too much memory.")
    return answer
