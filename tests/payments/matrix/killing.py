"""Workers that die by SIGKILL, in the middle of a call to Razorpay.

A worker is a process of its own, forked from a server that has loaded the platform once: a kill costs as much as a
connection to PostgreSQL. It stops at the given point, says so, and waits for its end.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

import django
from django.apps import apps

if not apps.ready:  # in the server from which workers are forked
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()

import requests
from django.conf import settings
from django.db import connection

from billing_platform.lib import clock
from payments.gateways.session import RecordingAdapter
from payments.inbox import processing
from tests.payments.matrix.operations import run_job

BEFORE, AFTER, AT_THE_END = "before the call", "after the call", "before the end of a message"
OURS = ("RAZORPAY_BASE_URL", "RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRETS")
WAIT_SECONDS = 60
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload([__name__])


def kill_a_worker(*, job: str, argument: str, at: str, call: str = "") -> None:
    """Run `operations.run_job` in a worker, and kill it where it is `at`: around its request `call` to
    Razorpay, or just before it commits the end of a message. Raises AssertionError if it does not get there."""
    here, there = _server.Pipe(duplex=False)
    ours = {name: getattr(settings, name) for name in OURS}
    database = connection.settings_dict["NAME"]
    worker = _server.Process(target=_work, args=(there, database, ours, clock.now(), job, argument, at, call))
    worker.start()
    there.close()
    try:
        assert here.poll(WAIT_SECONDS), "the worker says nothing"
        said = here.recv()
        assert said == at, said
    finally:
        worker.kill()
        worker.join()


def _work(
    out: Connection, database: str, ours: Mapping[str, Any], now: datetime, job: str, argument: str, at: str, call: str
) -> None:
    connection.settings_dict["NAME"] = database
    for name, value in ours.items():
        setattr(settings, name, value)
    _stop_there(out, at, call)
    try:
        with clock.standing_at(now):
            run_job(job, argument)
    except BaseException as error:
        out.send(f"failed before it got there: {error!r}")
        raise
    out.send("came to its end")


def _stop_there(out: Connection, at: str, call: str) -> None:
    def stop() -> None:
        out.send(at)
        time.sleep(WAIT_SECONDS)

    send = RecordingAdapter.send

    def send_and_stop(self: RecordingAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        is_the_call = fnmatchcase(f"{request.method} {urlsplit(request.url or '').path}", call)
        if is_the_call and at == BEFORE:
            stop()
        answer = send(self, request, *args, **kwargs)
        if is_the_call and at == AFTER:
            stop()
        return answer

    RecordingAdapter.send = send_and_stop  # type: ignore[method-assign]
    if at == AT_THE_END:
        processing._end = lambda *_args, **_kwargs: stop()
