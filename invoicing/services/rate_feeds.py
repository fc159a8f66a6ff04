"""Exchange rates fetched from their publishers: asked for every day or by a person, and tried again after a failure."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.work.claims import claim, done, hand_out, note_failure
from billing_platform.lib.work.waking import wake_on_commit
from invoicing.exchange import PublisherError, publisher
from invoicing.models import RateFeed
from invoicing.selectors.exchange_rates import are_rates_needed
from invoicing.services.exchange_rates import store_rates

BACK = timedelta(days=14)
"""So far before the newest known day is asked again: FBIL may publish a day late, or correct its list."""
FIRST_BACK = timedelta(days=60)
"""So far back a feed's first rates go: the month before, and the days that it may rely on."""

_ON = {RateFeed.Name.FBIL: True, RateFeed.Name.ECB: False}
FETCH = "invoicing.tasks.fetch_rates"


def ensure_rate_feeds() -> None:
    """Each publisher has its row; whether it is switched on is the operators' choice from then on."""
    known = {*RateFeed.objects.values_list("name", flat=True)}
    for name, is_enabled in _ON.items():
        if name not in known:
            RateFeed.objects.create(name=name, is_enabled=is_enabled, next_attempt_at=None)


@transaction.atomic
def ask_for_rates() -> list[RateFeed]:
    """Have each feed that is switched on fetched as soon as a worker is free."""
    feeds = list(RateFeed.objects.select_for_update().filter(is_enabled=True))
    for feed in feeds:
        _ask(feed)
    return feeds


def ask_daily() -> None:
    """The same, unless nobody needs a rate: then nothing is called."""
    if are_rates_needed():
        ask_for_rates()


@transaction.atomic
def try_now(feed_id: UUID) -> RateFeed:
    """Have one feed fetched, as a person's wish."""
    feed = RateFeed.objects.select_for_update().get(pk=feed_id)
    _ask(feed)
    return feed


@transaction.atomic
def switch_feed(*, feed: RateFeed, is_enabled: bool) -> RateFeed:
    """Switch a feed on or off. Rates that it gave stay; what is switched off waits for nothing."""
    feed.refresh_from_db(from_queryset=RateFeed.objects.select_for_update())
    feed.is_enabled = is_enabled
    changed = feed.end() if not is_enabled else []
    feed.save(update_fields=[*{"is_enabled", "updated_at", *changed}])
    return feed


def _ask(feed: RateFeed) -> None:
    if feed.claimed_until is None or feed.claimed_until <= clock.now():  # a worker is at it otherwise: that will do
        feed.save(update_fields=feed.try_now())
    wake_on_commit(FETCH, feed.pk)


def due_feeds() -> list[UUID]:
    """Feeds that wait: their message was lost, their last try failed, or their worker died."""
    return hand_out(RateFeed.objects.filter(is_enabled=True))


def fetch(*, feed_id: UUID) -> None:
    """Ask one publisher, and store what is new. Safe to run twice or to be killed: a day's rate is stored once."""
    feed = claim(RateFeed.objects.filter(is_enabled=True), feed_id, early=True)
    if feed is None:
        return
    today = clock.now().date()
    since = today - FIRST_BACK if feed.newest_day is None else feed.newest_day - BACK
    try:
        found = publisher(feed.name).published(since=max(since, today - FIRST_BACK), until=today)
        store_rates(found)
    except PublisherError as error:
        note_failure(feed, str(error))
        return
    except Exception as error:  # the feed shows it, and is tried again
        note_failure(feed, error)
        raise
    newest = max((rate.as_of for rate in found), default=None)
    done(feed, last_fetched_at=clock.now(), newest_day=_later(feed.newest_day, newest))


def _later(known: date | None, found: date | None) -> date | None:
    return max((day for day in (known, found) if day is not None), default=None)
