"""Messages reach their endpoints signed, in order and in the end, whatever receivers, workers and clocks do."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from standardwebhooks import Webhook

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.sealing import unseal
from organisations.models import Notification, Organisation, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from organisations.webhooks import replaying
from organisations.webhooks.announcing import announce, announce_all
from organisations.webhooks.disabling import disable_endpoint, enable_endpoint
from organisations.webhooks.endpoints import create_endpoint, remove_endpoint, rotate_secret
from organisations.webhooks.forgetting import forget_old_messages
from organisations.webhooks.last_days import Backlog, Standing, backlog, last_days
from organisations.webhooks.outcomes import Sent, note_outcome
from organisations.webhooks.replaying import replay, replay_since, send_test
from organisations.webhooks.sending import MOST_AT_ONCE, claim_due, send_due
from organisations.webhooks.signing import signatures
from tests.organisations.webhooks.receivers import (
    PUBLIC,
    Receiver,
    Wire,
    drips,
    hangs,
    receiver,
    resets,
)

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def listening(db: None, settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    with receiver() as made:
        yield made


def endpoint_at(made: Receiver, path: str = "/", *, of: Organisation | None = None, **values: Any) -> WebhookEndpoint:
    return create_endpoint(organisation=of, url=made.url(path), **values).endpoint


def tell(*names: str, about: uuid.UUID | None = None, of: Organisation | None = None) -> uuid.UUID:
    """Events of one object, one after the other."""
    object_id = about or uuid.uuid4()
    for name in names:
        announce(
            name,
            organisation_id=of.pk if of else None,
            object_id=object_id,
            payload={"id": str(object_id), "total": "1180.00"},
        )
    return object_id


def statuses() -> list[str]:
    return list(WebhookDelivery.objects.order_by("message").values_list("status", flat=True))


def test_the_golden_signature() -> None:
    body = b'{"type":"invoice.finalized","id":"A2627-0001"}'
    signed = signatures(
        ["whsec_bWV0cmljcy1iaWxsaW5nLWdvbGRlbi1rZXktMDAwMDE="],
        message_id="msg_golden0001",
        at=datetime.fromtimestamp(1764028800, UTC),
        body=body,
    )
    assert signed == "v1,sHLNa/NE42ddACcnfuLJboqkatAfoslWS2H+rhD6/s8="


def test_who_hears_of_what(listening: Receiver, acme: Organisation, globex: Organisation) -> None:
    """A customer's endpoint hears of that customer, the seller's own of everybody; each of what it chose."""
    endpoint_at(listening, "/acme", of=acme)
    endpoint_at(listening, "/globex", of=globex, event_types=["invoice.paid"])
    endpoint_at(listening, "/ours", event_types=["invoice.finalized", "price.changed"], payload="thin")
    bill = tell("invoice.finalized", of=acme)
    tell("invoice.finalized", "invoice.paid", of=globex)
    tell("price.changed")
    told = {
        (each.endpoint.url.rpartition("/")[2], each.message.type, each.message.organisation_id)
        for each in WebhookDelivery.objects.select_related("endpoint", "message")
    }
    assert told == {
        ("acme", "invoice.finalized", acme.pk),
        ("globex", "invoice.paid", globex.pk),
        ("ours", "invoice.finalized", acme.pk),
        ("ours", "invoice.finalized", globex.pk),
        ("ours", "price.changed", None),
    }
    send_due()
    data = [each["data"] for each in listening.got if each["data"]["id"] == str(bill)]
    assert sorted(data, key=len) == [{"id": str(bill)}, {"id": str(bill), "total": "1180.00"}]  # thin, and full


def test_it_costs_one_query_where_nobody_listens_and_the_same_for_many(
    acme: Organisation, globex: Organisation, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    create_endpoint(organisation=globex, url="http://127.0.0.1:9999/")
    create_endpoint(organisation=acme, url="http://127.0.0.1:9999/", event_types=["invoice.paid"])
    owners = {uuid.uuid4(): acme.pk for _ in range(100)}
    with django_assert_num_queries(1):
        announce_all("invoice.finalized", owners=owners)  # and no payload is made
    with django_assert_num_queries(2):
        announce_all("invoice.paid", owners=owners, payloads={each: {"id": str(each)} for each in owners})
    announce_all("invoice.paid", owners=owners, payloads={each: {} for each in owners})  # the same things once more
    assert WebhookDelivery.objects.count() == 100


def test_a_message_is_signed_with_both_secrets_while_they_change(listening: Receiver) -> None:
    made = create_endpoint(organisation=None, url=listening.url())
    new = rotate_secret(endpoint_id=made.endpoint.pk, overlap=timedelta(hours=1))
    made.endpoint.refresh_from_db()
    assert unseal(made.endpoint.secret) == new.secret
    assert made.secret not in made.endpoint.previous_secret
    tell("invoice.paid")
    send_due()
    for secret in (made.secret, new.secret):
        assert Webhook(secret).verify(listening.bodies[0], listening.headers[0])["type"] == "invoice.paid"
    with clock.standing_at(clock.now() + timedelta(hours=2)):
        assert len(WebhookEndpoint.objects.get().sealed_secrets) == 1
    attempt = WebhookAttempt.objects.get()
    assert attempt.headers["webhook-id"] == listening.got[0]["id"]
    assert "signature" not in str(attempt.headers)
    assert (attempt.answer_status, attempt.answer, attempt.failure) == (200, "ok", "")


def test_three_secrets_sign_each_to_its_own_end_and_a_fourth_is_refused(listening: Receiver) -> None:
    made = create_endpoint(organisation=None, url=listening.url())
    endpoint_id, known = made.endpoint.pk, [made.secret]
    with clock.standing_at(START):
        known += [rotate_secret(endpoint_id=endpoint_id, overlap=timedelta(hours=each)).secret for each in (3, 2)]
        with pytest.raises(DomainError, match="Three secrets are in use, the oldest until"):
            rotate_secret(endpoint_id=endpoint_id, overlap=timedelta(hours=1))
        known.append(rotate_secret(endpoint_id=endpoint_id, overlap=timedelta(0)).secret)  # the third ends at once

    def in_use(at: datetime) -> list[str]:
        with clock.standing_at(at):
            return [unseal(each) for each in WebhookEndpoint.objects.get().sealed_secrets]

    first, second, third, fourth = known
    assert third not in in_use(START)
    assert in_use(START + timedelta(hours=1)) == [fourth, second, first]
    assert in_use(START + timedelta(hours=2)) == [fourth, first]
    assert in_use(START + timedelta(hours=3)) == [fourth]


@pytest.mark.parametrize(
    ("status", "asks", "pauses"),
    [
        (429, "7200", timedelta(hours=2)),
        (503, "Mon, 02 Nov 2026 12:00:00 GMT", timedelta(hours=3)),
        (429, "1000000000000", timedelta(hours=24)),
        (429, "1", timedelta(minutes=1)),  # never sooner than our own pause
        (429, "soon", timedelta(minutes=1)),
        (429, "Fri, 31 Dec 99999999999 23:59:59 GMT", timedelta(minutes=1)),
        (500, "7200", timedelta(minutes=1)),
    ],
)
def test_a_receiver_may_ask_for_a_pause(listening: Receiver, status: int, asks: str, pauses: timedelta) -> None:
    """It gets nothing until then, also no other message; in all it may put a message off for a day."""

    def answer(handler: Any) -> None:
        handler.send_response(status)
        handler.send_header("Retry-After", asks)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    endpoint = endpoint_at(listening)
    listening.answers["/"] = answer
    with clock.standing_at(START):
        tell("invoice.paid")
        send_due()
    listening.answers.clear()
    with clock.standing_at(START + timedelta(seconds=30)):
        tell("invoice.paid")
        send_due()
        assert bool(listening.got) == (pauses <= timedelta(minutes=1))
        next_try = WebhookDelivery.objects.earliest("message_id").next_attempt_at - START
    assert pauses <= next_try <= pauses * 1.25
    if pauses > timedelta(minutes=1):
        with clock.standing_at(START + pauses - timedelta(seconds=1)):
            send_due()
            assert not listening.got
            assert statuses() == ["pending", "pending"]
            replay(delivery_id=WebhookDelivery.objects.earliest("message_id").pk)  # a person wants to see it now
            send_due()
            assert WebhookEndpoint.objects.get(pk=endpoint.pk).quiet_until is None
    with clock.standing_at(START + pauses + timedelta(minutes=1)):
        send_due()
    assert len(listening.got) == 2


def test_a_receiver_that_fails_for_an_hour_gets_everything_in_order(listening: Receiver) -> None:
    endpoint_at(listening)
    listening.answers["/"] = 500
    with clock.standing_at(START):
        one = tell("invoice.finalized", "invoice.sent", "invoice.paid")
        other = tell("invoice.finalized", "invoice.voided")
        assert send_due() == 2  # the first of each; the others wait behind them
    for minute in range(1, 61, 3):
        with clock.standing_at(START + timedelta(minutes=minute)):
            send_due()
    assert not listening.got
    assert WebhookEndpoint.objects.get().failing_since == START
    listening.answers.clear()
    with clock.standing_at(START + timedelta(hours=3)):
        tell("invoice.overdue", about=other)
        send_due()
    got = [(each["data"]["id"], each["type"].partition(".")[2]) for each in listening.got]
    assert [name for pk, name in got if pk == str(one)] == ["finalized", "sent", "paid"]
    assert [name for pk, name in got if pk == str(other)] == ["finalized", "voided", "overdue"]
    assert set(statuses()) == {"delivered"}
    assert WebhookEndpoint.objects.get().failing_since is None


def test_what_no_try_of_a_day_delivers_is_given_up_and_the_next_one_goes_on(listening: Receiver) -> None:
    endpoint_at(listening)
    listening.answers["/"] = 503
    with clock.standing_at(START):
        tell("invoice.finalized", "invoice.paid")
    for hour in range(0, 8 * 12, 8):  # a pause is at most six hours and a quarter
        with clock.standing_at(START + timedelta(hours=hour)):
            assert statuses()[0] == "pending"
            send_due()
    tries = WebhookAttempt.objects.filter(delivery__message__type="invoice.finalized")
    assert tries.count() == WebhookDelivery.max_attempts
    assert WebhookDelivery.objects.given_up().count() == 1
    listening.answers.clear()
    with clock.standing_at(START + timedelta(hours=hour + 8)):
        send_due()
        assert listening.types == ["invoice.paid"]
        replay(delivery_id=WebhookDelivery.objects.given_up().get().pk)
        send_due()
    assert listening.types == ["invoice.paid", "invoice.finalized"]


def test_a_slow_receiver_makes_nobody_else_wait(listening: Receiver) -> None:
    """The bad ones hang until the good one has everything: whoever waited for them would wait for ever."""
    endpoint_at(listening, "/good")
    bad: dict[str, Any] = {"/hangs": hangs(listening), "/resets": resets, "/moved": 307}
    bad["/drips"] = drips(listening, first=b"HTTP/1.1 2")
    for path, answer in bad.items():
        listening.answers[path] = answer
        endpoint_at(listening, path)
    for _ in range(10):
        tell("invoice.finalized", "invoice.paid")
    taken: list[str] = []

    def take(handler: Any) -> None:
        taken.append(handler.headers["webhook-id"])
        handler.send_response(204)
        handler.end_headers()
        if len(taken) == 20:
            listening.stop.set()

    listening.answers["/good"] = take
    send_due()
    assert len(set(taken)) == 20
    delivered = WebhookDelivery.objects.filter(status="delivered").values_list("endpoint__url", flat=True)
    assert set(delivered) == {listening.url("/good")}
    assert len(delivered) == 20


def test_dns_that_changes_to_a_private_address_gets_nothing_until_it_changes_back(listening: Receiver) -> None:
    endpoint: WebhookEndpoint = endpoint_at(listening)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(url="http://hooks.example.com:8080/")
    wire = Wire(listening, addresses=[["169.254.169.254"], [PUBLIC, "10.0.0.1"], [PUBLIC]])
    with clock.standing_at(START):
        tell("invoice.paid")
    for minutes in (0, 5, 15):
        with clock.standing_at(START + timedelta(minutes=minutes)):
            send_due(network=wire.network())
    assert wire.connected == [(PUBLIC, 8080)]
    assert statuses() == ["delivered"]
    failures = [each.failure for each in WebhookAttempt.objects.order_by("sent_at")]
    assert "169.254.169.254, which is not public" in failures[0]
    assert "10.0.0.1" in failures[1]


def test_410_disables_at_once_and_says_so(listening: Receiver, acme: Organisation) -> None:
    endpoint = endpoint_at(listening, of=acme)
    listening.answers["/"] = 410
    tell("invoice.paid", of=acme)
    tell("invoice.sent", of=acme)
    send_due()
    endpoint.refresh_from_db()
    assert endpoint.status == "disabled"
    assert "410" in endpoint.disabled_reason
    letter = Notification.objects.get(kind="webhook_endpoint_disabled")
    assert letter.recipients == [acme.billing_email]
    assert endpoint.url in letter.text
    assert send_due() == 0
    tell("invoice.voided", of=acme)  # stored, for a replay
    listening.answers.clear()
    enable_endpoint(endpoint_id=endpoint.pk)
    send_due()
    missed = replay_since(endpoint_id=endpoint.pk, since=clock.now() - timedelta(hours=1)).count
    send_due()
    assert sorted(listening.types) == ["invoice.paid", "invoice.sent", "invoice.voided"]
    assert missed >= 1
    assert replay_since(endpoint_id=endpoint.pk, since=clock.now() - timedelta(hours=1)).count == 0
    everything = replay_since(endpoint_id=endpoint.pk, since=clock.now() - timedelta(hours=1), only_missed=False)
    assert (everything.count, everything.next_since) == (3, None)


def test_an_endpoint_that_fails_for_days_is_disabled(listening: Receiver) -> None:
    endpoint = endpoint_at(listening)
    listening.answers["/"] = 500
    for day in range(6):
        with clock.standing_at(START + timedelta(days=day, minutes=day)):
            tell("invoice.paid")
            send_due()
    endpoint.refresh_from_db()
    assert endpoint.status == "disabled"
    assert "5 days" in endpoint.disabled_reason


def test_killed_after_the_claim_it_is_sent_again_with_the_same_id(listening: Receiver) -> None:
    endpoint_at(listening)
    with clock.standing_at(START):
        tell("invoice.finalized", "invoice.paid")
        (dead,) = claim_due(10)
        assert dead.message.type == "invoice.finalized"
        assert send_due() == 0  # what it holds, and what waits behind that, is left to it
    with clock.standing_at(START + timedelta(minutes=3)):
        send_due()
    assert listening.types == ["invoice.finalized", "invoice.paid"]
    assert listening.got[0]["id"] == dead.message.message_id


def test_what_comes_right_after_a_run_began_is_found_by_its_last_look(
    listening: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own waking is swallowed, as somebody asked a moment before: it would wait for beat."""
    endpoint_at(listening)
    later = iter(["invoice.paid"])
    monkeypatch.setattr("organisations.webhooks.sending.time.sleep", lambda _seconds: tell(*[*later][:1]))
    tell("invoice.finalized")
    send_due(last_look_after=0.3)
    assert listening.types == ["invoice.finalized", "invoice.paid"]


def test_no_more_than_a_few_are_on_their_way_to_one_endpoint(listening: Receiver) -> None:
    endpoint_at(listening, "/a")
    endpoint_at(listening, "/b")
    for _ in range(10):
        tell("invoice.paid")
    assert len(claim_due(64)) == 2 * MOST_AT_ONCE
    assert claim_due(64) == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once(settings: Any) -> None:
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    with receiver() as made:
        endpoint_at(made)
        for _ in range(10):
            tell("invoice.finalized", "invoice.paid")

        def work() -> None:
            try:
                send_due()
            finally:
                connection.close()

        workers = [threading.Thread(target=work) for _ in range(2)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
        send_due()
        ids = [each["id"] for each in made.got]
        assert len(ids) == len(set(ids)) == 20
        seen: dict[str, list[str]] = {}
        for each in made.got:
            seen.setdefault(each["data"]["id"], []).append(each["type"])
        assert set(map(tuple, seen.values())) == {("invoice.finalized", "invoice.paid")}


def test_a_test_message_arrives_and_old_ones_are_forgotten(listening: Receiver) -> None:
    endpoint = endpoint_at(listening, event_types=["invoice.paid"])
    delivery = send_test(endpoint_id=endpoint.pk)
    send_due()
    assert listening.types == ["endpoint.test"]
    delivery.refresh_from_db()
    assert delivery.status == "delivered"
    assert forget_old_messages() == 0
    with clock.standing_at(clock.now() + timedelta(days=91)):
        tell("invoice.paid")
        assert forget_old_messages() == 1
    assert WebhookAttempt.objects.count() == 0
    remove_endpoint(endpoint_id=endpoint.pk)
    assert WebhookDelivery.objects.count() == 0


def test_a_seal_that_is_broken_waits_for_a_person(listening: Receiver, settings: Any) -> None:
    endpoint_at(listening)
    tell("invoice.paid")
    settings.ENCRYPTION_KEYS = ["another-key-that-opens-nothing-of-before"]
    send_due()
    assert statuses() == ["failed"]
    assert "ENCRYPTION_KEYS" in WebhookDelivery.objects.get().last_failure


def test_an_unknown_type_is_a_bug(acme: Organisation) -> None:
    with pytest.raises(ValueError, match="no type of event"):
        announce("invoice.sung", organisation_id=acme.pk, object_id=uuid.uuid4())


def test_an_endpoint_may_be_disabled_or_removed_while_a_message_is_on_its_way(listening: Receiver) -> None:
    disabled, removed = endpoint_at(listening, "/a"), endpoint_at(listening, "/b")
    tell("invoice.paid")
    under_way = {each.endpoint_id: each for each in claim_due(10)}
    disable_endpoint(endpoint_id=disabled.pk, reason="", by="admin")
    remove_endpoint(endpoint_id=removed.pk)
    for each in under_way.values():
        note_outcome(each, Sent(clock.now(), 1, {}, failure="It took too long to answer."))
    assert statuses() == ["pending"]  # it waits with the endpoint
    assert send_due() == 0


def test_a_replay_of_very_much_says_where_to_go_on(listening: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "MOST_REPLAYED", 2)
    endpoint = endpoint_at(listening)
    for minute in range(3):
        with clock.standing_at(START + timedelta(minutes=minute)):
            tell("invoice.paid")
    with clock.standing_at(START + timedelta(hours=1)):
        send_due()
        first = replay_since(endpoint_id=endpoint.pk, since=START, only_missed=False)
        assert first == replaying.Replayed(2, START + timedelta(minutes=2))
        assert replay_since(endpoint_id=endpoint.pk, since=START + timedelta(minutes=2), only_missed=False).count == 1


def test_the_days_of_an_endpoint_and_the_backlog(listening: Receiver) -> None:
    endpoint, other = endpoint_at(listening), endpoint_at(listening, "/other")
    listening.answers["/"] = 500
    with clock.standing_at(START):
        assert backlog() == Backlog(0, 0, 0, 0)
        tell("invoice.paid")
    with clock.standing_at(START + timedelta(seconds=30)):
        assert backlog() == Backlog(2, 0, 0, 30)
        send_due()
        assert backlog() == Backlog(0, 1, 0, 0)
    with clock.standing_at(START + timedelta(hours=2)):
        send_due()
        assert last_days(endpoint.pk)[-1].standing == Standing.LATE
        assert last_days(other.pk)[-1].standing == Standing.TAKEN
    WebhookDelivery.objects.filter(endpoint=endpoint).update(status="failed", next_attempt_at=None)
    with clock.standing_at(START + timedelta(days=1)):
        days = [each.standing for each in last_days(endpoint.pk)]
        assert (len(days), days[-3:]) == (30, [Standing.NOTHING, Standing.GIVEN_UP, Standing.NOTHING])
        assert backlog().given_up == 1


@pytest.mark.django_db(transaction=True)
def test_what_happens_does_not_wait_for_who_works_on_an_endpoint(settings: Any) -> None:
    """A replay of thousands holds the endpoint for a while: invoices are issued meanwhile."""
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    endpoint = create_endpoint(organisation=None, url="http://127.0.0.1:9999/").endpoint
    errors: list[Exception] = []

    def happens() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '1s'")
            tell("invoice.paid")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        replay_since(endpoint_id=endpoint.pk, since=clock.now() - timedelta(days=1))
        meanwhile = threading.Thread(target=happens)
        meanwhile.start()
        meanwhile.join()
    assert not errors
    assert WebhookDelivery.objects.count() == 1

    def removes() -> None:
        try:
            remove_endpoint(endpoint_id=endpoint.pk)
        finally:
            connection.close()

    with transaction.atomic():
        tell("invoice.paid")
        removal = threading.Thread(target=removes)
        removal.start()
        removal.join(timeout=0.3)  # it waits for us, and then takes what we wrote with it
    removal.join()
    assert (WebhookEndpoint.objects.count(), WebhookDelivery.objects.count()) == (0, 0)
