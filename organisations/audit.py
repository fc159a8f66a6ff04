"""The audit log: which models are watched, and the origin (person or key, address, request) written with each change.

django-auditlog stores the entries; one receiver of ours adds the origin of the change. (django-auditlog's own
middleware connects a signal for each request and trusts any X-Forwarded-For.) The database refuses to change or
delete an entry (organisations.models.audit).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from auditlog.cid import get_cid
from auditlog.diff import model_instance_diff
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from celery.signals import task_postrun, task_prerun
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.contributions import contributions, our_apps
from billing_platform.lib.database.bulk import insert_objects
from billing_platform.lib.http.addresses import is_api
from billing_platform.lib.http.client_ip import client_ip

if TYPE_CHECKING:
    from organisations.models import ApiKey


@dataclass
class Origin:
    """The person or key, address and request id behind the changes of this request, job or command."""

    source: str
    user: Any = None
    api_key: ApiKey | None = None
    remote_addr: str = ""


_origin: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)


def register() -> None:
    """Watch every model of ours except those that its app leaves out, and those of third parties that an app names;
    stamp each entry. Called once, when Django is ready."""
    for config in our_apps():
        said = contributions()[config.label]
        for model in {*config.get_models(), *said.also_watched} - said.unwatched:
            _watch(model, masked=said.masked.get(model, ()), unlogged=said.unlogged.get(model, ()))
    pre_save.connect(_stamp, sender=LogEntry, dispatch_uid="organisations.audit.stamp")
    task_prerun.connect(_begin_task, dispatch_uid="organisations.audit.begin_task")
    task_postrun.connect(_end_task, dispatch_uid="organisations.audit.end_task")


def _watch(model: type[Model], *, masked: tuple[str, ...], unlogged: tuple[str, ...]) -> None:
    if model._meta.proxy or auditlog.contains(model):
        return
    # rows of other tables that refer to this row are logged with themselves, not as a change of this row
    reverse = [field.name for field in model._meta.get_fields() if field.auto_created and not field.concrete]
    exclude = ["updated_at", *unlogged, *reverse]
    auditlog.register(model, mask_fields=list(masked), exclude_fields=exclude)


def act_as(*, user: Any = None, api_key: ApiKey | None = None) -> None:
    """Set the user or API key of the current request, once authentication knows it."""
    origin = _origin.get()
    if origin is not None:
        origin.user, origin.api_key = user, api_key


def acting_person() -> str:
    """The user name of the person behind what happens now, in the admin or by an API key; empty for a job or a
    command."""
    user = acting_user()
    return str(user.get_username()) if user is not None else ""


def acting_user() -> Any:
    """The same person as a user, or None."""
    user = _user_of(_origin.get())
    return user if user is not None and user.is_authenticated else None


def note(obj: Any, *, action: int = LogEntry.Action.UPDATE, reason: str = "", **changes: tuple[object, object]) -> None:
    """Log an action that saves no watched row. `changes` are the values before and after, by field."""
    note_all([obj], action=action, reason=reason, **changes)


def note_all(
    objects: Iterable[Any],
    *,
    action: int = LogEntry.Action.UPDATE,
    reason: str = "",
    **changes: tuple[object, object],
) -> None:
    """Log the same action on many objects: one entry for each, written in a few statements."""
    written = {name: [str(value) for value in values] for name, values in changes.items()}
    _write([_entry(obj, action=action, changes=written, reason=reason) for obj in objects])


def note_created(objects: Iterable[Model]) -> None:
    """Log rows that were inserted in bulk, which sends no signals: one entry for each, as `save` would have made it."""
    created = LogEntry.Action.CREATE
    _write([_entry(obj, action=created, changes=model_instance_diff(None, obj), reason="") for obj in objects])


def note_changed(pairs: Iterable[tuple[Model, Model]], fields: Collection[str] = ()) -> None:
    """The same for rows that were changed in bulk, as they were before and as they are by now: in these `fields`, or
    in any."""
    changes = [(now, model_instance_diff(before, now, fields_to_check=fields)) for before, now in pairs]
    updated = LogEntry.Action.UPDATE
    _write([_entry(obj, action=updated, changes=changed, reason="") for obj, changed in changes if changed])


def _write(entries: Sequence[LogEntry]) -> None:
    for entry in entries:
        _stamp(LogEntry, entry)  # writing in bulk sends no signals
    insert_objects(entries)


def _entry(obj: Any, *, reason: str, **fields: Any) -> LogEntry:
    whose = obj.get_additional_data() if hasattr(obj, "get_additional_data") else {}
    return LogEntry(
        content_type=ContentType.objects.get_for_model(obj),
        object_pk=obj.pk,
        object_id=obj.pk if isinstance(obj.pk, int) else None,
        object_repr=str(obj),
        additional_data=whose | {"reason": reason} if reason else whose,
        cid=get_cid(),
        **fields,
    )


def masked(_value: str) -> str:
    """The text that the log shows instead of a secret. django-auditlog's own mask would show half of the secret."""
    return "***"


def _stamp(sender: type[LogEntry], instance: LogEntry, **_: Any) -> None:
    origin = _origin.get() or Origin(source=_command())
    user = _user_of(origin)
    if instance.actor is None and user is not None and user.is_authenticated:
        instance.actor = user
        instance.actor_email = user.email or None
    instance.remote_addr = instance.remote_addr or origin.remote_addr or None
    extra = dict(instance.additional_data or {}, source=origin.source)
    if origin.api_key is not None:
        extra |= {"api_key": str(origin.api_key.pk), "api_key_name": str(origin.api_key)}
    instance.additional_data = extra


def _user_of(origin: Origin | None) -> Any:
    user = origin.user if origin is not None else None
    return user() if isinstance(user, FunctionType) else user


def _command() -> str:
    """The origin outside requests and tasks: a management command or a shell."""
    program, *arguments = sys.argv
    path = Path(program)
    if path.name == "__main__.py":  # `python -m celery --app …`: the name is the package's, an option follows
        return f"command: {path.parent.name}"
    return "command: " + " ".join([path.name, *arguments[:1]])


def _begin_task(task: Any = None, **_: Any) -> None:
    _origin.set(Origin(source=f"task: {task.name}"))


def _end_task(**_: Any) -> None:
    _origin.set(None)


class AuditOriginMiddleware:
    """Notes the address and id of each request. The user is read from the database only if something is changed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        source = "api" if is_api(request.path) else "web"
        token = _origin.set(
            Origin(source=source, user=lambda: getattr(request, "user", None), remote_addr=client_ip(request))
        )
        try:
            return self.get_response(request)
        finally:
            _origin.reset(token)
