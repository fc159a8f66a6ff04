"""Actions: what an operator does to one object, to many or from a list, and how a page declares it.

Unfold's own action links act on GET without CSRF. Here GET only asks, POST acts through one service call, and the
same confirmation never acts twice: each page carries a token that is spent by the first POST. `action_pages` has the
buttons and pages.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias, TypedDict, Unpack

from django import forms
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.undoing import Undoable

TOKEN_LIVES_SECONDS = 24 * 3600


class ActionForm(forms.Form):
    """What an action asks for. Subclasses add fields, and may look at `self.obj`, the object or the rows acted on."""

    fields: dict[str, Any]
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, obj: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.obj = obj

    @property
    def answers(self) -> dict[str, Any]:
        """What the handler gets as keyword arguments."""
        return {name: value for name, value in self.cleaned_data.items() if name != "once"}

    @property
    def asks_again(self) -> bool:
        """Choosing otherwise may do away with what stands in the way, so the fields are shown all the same."""
        return any("data-asks-again" in field.widget.attrs for field in self.fields.values())

    def spend(self) -> bool:
        """Take the token; False if another POST of the same page was first."""
        return bool(cache.add(self._token_key, 1, timeout=TOKEN_LIVES_SECONDS))

    def give_back(self) -> None:
        """Nothing was done: the same page may be sent again."""
        cache.delete(self._token_key)

    @property
    def _token_key(self) -> str:
        return f"admin-action:{self.cleaned_data['once']}"


Facts: TypeAlias = Callable[[HttpRequest, Any], Iterable[tuple[str, Any]]]
"""What the page shows before it acts: names and values. Asked about the object, the rows, or None on a list."""
Sentences: TypeAlias = Callable[[HttpRequest, Any], Iterable[str]]
"""What the page warns of, or what stands in the way; a sentence may hold a link."""


def _always(_obj: Any) -> bool:
    return True


def _itself(obj: Any) -> Any:
    return obj


def _nothing(_request: HttpRequest, _target: Any) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class Action:
    """One verb of an admin page. `handler(request, target, **answers)` gives a sentence, with its way back if there is
    one, or a whole response."""

    name: str
    handler: Callable[..., str | Undoable | HttpResponse]
    label: str
    permission: str
    icon: str = "bolt"
    template: str = "admin/confirm_object_action.html"
    when: Callable[[Any], bool] = _always
    form: type[ActionForm] = ActionForm
    confirm: str | Callable[[Any], str] = ""
    about: Callable[[Any], Any] = _itself
    facts: Facts = _nothing
    warnings: Sentences = _nothing
    obstacles: Sentences = _nothing
    danger: bool = False
    on_list: bool = False
    on_rows: bool = False
    only_shows: bool = False


Method: TypeAlias = Callable[..., Any]


def _mark(**traits: Any) -> Callable[[Method], Method]:
    def decorate(method: Method) -> Method:
        method.admin_action = Action(method.__name__, method, **traits)  # type: ignore[attr-defined]  # read by ActionsMixin
        return method

    return decorate


class Asking(TypedDict, total=False):
    """How the page of an action asks. It shows `confirm`, then `facts` as a small table and `warnings` in a box above
    the form. While there are `obstacles` it shows them in place of its button, and a POST does nothing.

    The form, facts, warnings and obstacles of an object action all get what `about` makes of the object, once for each
    request: the object itself, or a value that holds what is expensive to compute. A page with more than facts and a
    form has a `template` of its own."""

    form: type[ActionForm]
    confirm: str | Callable[[Any], str]
    about: Callable[[Any], Any]
    facts: Facts
    warnings: Sentences
    obstacles: Sentences
    danger: bool
    icon: str
    template: str


def object_action(
    *, label: str, permission: str, when: Callable[[Any], bool] = _always, **asking: Unpack[Asking]
) -> Callable[[Method], Method]:
    """A button on the object's page, for users with the permission for its organisation, while `when(obj)` is true."""
    return _mark(label=label, permission=permission, when=when, **asking)


def object_page(
    *, label: str, permission: str, when: Callable[[Any], bool] = _always, icon: str = "visibility"
) -> Callable[[Method], Method]:
    """A link on the object's page to something that only shows: a document, a preview."""
    return _mark(label=label, permission=permission, when=when, icon=icon, only_shows=True)


def list_page(*, label: str, permission: str, icon: str = "visibility") -> Callable[[Method], Method]:
    """A link above the list to a page that only shows. The handler gets no object."""
    return _mark(label=label, permission=permission, icon=icon, on_list=True, only_shows=True)


def list_action(*, label: str, permission: str, **asking: Unpack[Asking]) -> Callable[[Method], Method]:
    """A button above the list, asked about and posted like an object action. The handler gets no object."""
    return _mark(label=label, permission=permission, on_list=True, **{"icon": "add", **asking})


def rows_action(*, label: str, permission: str, **asking: Unpack[Asking]) -> Callable[[Method], Method]:
    """Done to the rows that are ticked in the list, or to all that its filters find.

    The handler gets a queryset of these rows, without those of organisations where the user lacks the permission.
    """
    return _mark(label=label, permission=permission, on_list=True, on_rows=True, **asking)


def actions_of(owner: Any) -> Iterator[Action]:
    """The actions of a page or an extension, from the base class to the class itself."""
    for cls in reversed(type(owner).__mro__):
        for member in vars(cls).values():
            if isinstance(action := getattr(member, "admin_action", None), Action):
                yield replace(action, handler=partial(action.handler, owner))
