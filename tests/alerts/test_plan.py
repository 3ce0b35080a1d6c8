"""Who is told, when, and in which bundle."""

from dataclasses import replace
from datetime import UTC, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.factories import NOW, alert, at, policy, rule
from watcher.alerts import clock, plan
from watcher.alerts.plan import BundleState, Occasion, Planned
from watcher.model import Reason, Route, Severity

KYIV = "Europe/Kyiv"
POLICIES = {p.name: p for p in (policy("desk"), policy("siem", "webhook"), policy("phone", "apprise"))}


def planned(channel, *, now=NOW, of=None, occasion=None, reason=Reason.FIRST_SEEN):
    of = of or rule()
    return plan.schedule(alert(of=of, reason=reason), channel, of, occasion or Occasion(), now)


# ---- routing


def test_a_rule_without_channels_goes_to_all_and_one_with_some_to_those():
    assert plan.targets(rule(), (), POLICIES, Occasion()) == ("desk", "siem", "phone")
    assert plan.targets(rule(channels=("phone", "gone", "phone")), (), POLICIES, Occasion()) == ("phone",)
    assert plan.targets(rule(channels=()), (), POLICIES, Occasion()) == ()


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({}, True),
        ({"severity": (Severity.HIGH, Severity.URGENT)}, True),
        ({"severity": (Severity.URGENT,)}, False),
        ({"rule": ("japan-ammunition",)}, True),
        ({"rule": ("other",)}, False),
        ({"entity": ("kishida", "leopard")}, True),
        ({"entity": ("leopard",)}, False),
        ({"tag": ("ukraine",)}, True),
        ({"tag": ("sport",)}, False),
        ({"language": ("en",)}, True),
        ({"language": ("uk",)}, False),
        ({"feed": ("World news",)}, True),
        ({"feed": ("Other",)}, False),
        ({"min_sources": 2}, True),
        ({"min_sources": 3}, False),
        ({"min_articles": 5}, True),
        ({"min_articles": 6}, False),
        ({"tag": ("Ukraine",)}, True),
        ({"feed": ("world NEWS",)}, True),
        ({"entity": ("kishida",), "tag": ("sport",)}, False),
    ],
)
def test_a_route_matches_when_every_condition_that_it_names_holds(condition, holds):
    occasion = Occasion(feed="World news", tags=("ukraine",), entities=("kishida",), language="en", sources=2, articles=5)
    got = plan.targets(rule(channels=("desk",)), [Route(channels=("phone",), **condition)], POLICIES, occasion)
    assert got == (("desk", "phone") if holds else ("desk",))


def test_the_first_route_that_matches_ends_the_search_unless_it_continues():
    routes = [Route(channels=("phone",), continue_=True), Route(channels=("siem",)), Route(channels=("desk",))]
    assert plan.targets(rule(channels=()), routes, POLICIES, Occasion()) == ("phone", "siem")


def test_a_disabled_channel_is_replaced_by_its_fallback_and_kept_where_none_stands():
    policies = {
        p.name: p
        for p in (policy("a", fallback="b"), policy("b", fallback="c"), policy("c"), policy("x", fallback="y"), policy("y", fallback="x"))
    }
    chosen = lambda name, *gone: plan.targets(rule(channels=(name,)), (), policies, Occasion(disabled=frozenset(gone)))  # noqa: E731
    assert chosen("a") == ("a",)
    assert chosen("a", "a") == ("b",)
    assert chosen("a", "a", "b") == ("c",)
    assert chosen("a", "a", "b", "c") == ("a",)
    assert chosen("x", "x", "y") == ("x",)


def test_notices_go_out_at_once_past_every_policy_but_not_to_channels_that_are_gone():
    policies = {p.name: p for p in (policy("a", digest="0 8 * * *", quiet=(time(0), time(23)), fallback="b"), policy("b"), policy("c"))}
    assert plan.notice(("a", "c"), policies, NOW) == (
        Planned(channel="a", due_at=NOW, rank=plan.AHEAD),
        Planned(channel="c", due_at=NOW, rank=plan.AHEAD),
    )
    assert plan.notice(("a", "c"), policies, NOW, disabled=frozenset({"a", "c"})) == (Planned(channel="b", due_at=NOW, rank=plan.AHEAD),)


# ---- digests


def test_a_digest_waits_for_the_cron_of_the_channels_own_zone():
    got = planned(policy(digest="0 8 * * mon-fri", timezone=KYIV), now=at("2024-03-08T18:00"))  # a Friday
    assert got == Planned(channel="desk", due_at=at("2024-03-11T06:00"), bundle="digest")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2024-03-30T07:00", "2024-03-31T05:00"),  # Kyiv skips 03:00–04:00 on 31 March: 08:00 is 05:00 UTC from then on
        ("2024-10-26T06:00", "2024-10-27T06:00"),  # and repeats 03:00–04:00 on 27 October
    ],
)
def test_a_daily_digest_stays_at_eight_on_both_days_of_change(now, due):
    assert clock.next_cron("0 8 * * *", at(now), KYIV) == at(due)


def test_a_digest_in_the_hour_that_is_skipped_or_repeated_goes_out_once():
    assert clock.next_cron("30 3 * * *", at("2024-03-30T12:00"), KYIV) == at("2024-03-31T01:00")
    first = clock.next_cron("30 3 * * *", at("2024-10-26T12:00"), KYIV)
    assert first == at("2024-10-27T00:30")
    assert clock.next_cron("30 3 * * *", first, KYIV) == at("2024-10-28T01:30")


@pytest.mark.parametrize("never", ["0 0 31 2 *", "nonsense", ""])
def test_a_digest_that_would_never_come_goes_out_now(never):
    assert clock.next_cron(never, NOW, KYIV) == NOW


def test_a_time_zone_that_is_gone_is_utc():
    assert str(clock.zone("Mars/Olympus")) == "UTC"
    assert str(clock.zone("../../etc/passwd")) == "UTC"


# ---- quiet hours


@pytest.mark.parametrize(
    ("now", "quiet", "due"),
    [
        ("2024-03-10T19:59", (22, 7), "2024-03-10T19:59"),  # 21:59 in Kyiv
        ("2024-03-10T20:00", (22, 7), "2024-03-11T05:00"),
        ("2024-03-11T04:59:30", (22, 7), "2024-03-11T05:00"),
        ("2024-03-11T05:00", (22, 7), "2024-03-11T05:00"),  # the end is exclusive
        ("2024-03-11T12:00", (13, 15), "2024-03-11T13:00"),  # within one day
        ("2024-03-11T12:00", (14, 14), "2024-03-11T12:00"),  # empty
        ("2024-03-30T21:00", (22, 7), "2024-03-31T04:00"),  # 23 hours: one hour less to wait
        ("2024-10-26T20:00", (22, 7), "2024-10-27T05:00"),  # 25 hours
    ],
)
def test_quiet_hours_hold_until_their_end_by_the_wall_clock(now, quiet, due):
    hours = (time(quiet[0]), time(quiet[1]))
    assert planned(policy(quiet=hours, timezone=KYIV), now=at(now)).due_at == at(due)


def test_quiet_hours_that_end_within_the_skipped_hour_end_at_the_jump():
    quiet = (time(22), time(3, 30))
    assert clock.after_quiet(at("2024-03-30T22:00"), quiet, KYIV) == at("2024-03-31T01:00")


@given(
    st.datetimes(at("2024-01-01").replace(tzinfo=None), at("2025-01-01").replace(tzinfo=None)),
    st.times(),
    st.times(),
    st.sampled_from([KYIV, "UTC", "America/New_York", "Australia/Lord_Howe"]),
)
def test_what_is_held_is_due_outside_the_quiet_hours_and_at_their_very_end(naive, start, end, zone):
    now, quiet = naive.replace(tzinfo=UTC), (start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0))
    due = clock.after_quiet(now, quiet, zone)
    assert not clock.is_quiet(due, quiet, zone)
    assert timedelta(0) <= due - now < timedelta(hours=25)
    if due > now:
        assert clock.is_quiet(due - timedelta(seconds=61), quiet, zone) or due - now < timedelta(seconds=61)


# ---- groups


def test_a_group_waits_after_the_first_and_keeps_its_interval_after_the_last():
    channel = policy(group=(timedelta(seconds=30), timedelta(minutes=5)))
    state = lambda **s: Occasion(bundles={("desk", "group"): BundleState(**s)})  # noqa: E731
    assert planned(channel) == Planned(channel="desk", due_at=NOW + timedelta(seconds=30), bundle="group")
    assert planned(channel, occasion=state(open_due_at=NOW + timedelta(seconds=7))).due_at == NOW + timedelta(seconds=7)
    assert planned(channel, occasion=state(last_sent_at=NOW - timedelta(minutes=1))).due_at == NOW + timedelta(minutes=4)
    assert planned(channel, occasion=state(last_sent_at=NOW - timedelta(hours=1))).due_at == NOW + timedelta(seconds=30)


# ---- limits


def test_what_is_over_the_limit_is_told_when_the_window_frees_once_a_window():
    limited = rule(limit=(20, 3600.0))
    key = ("desk", "limit:japan-ammunition")
    over = lambda **o: planned(policy(), of=limited, reason=Reason.OVER_LIMIT, occasion=Occasion(**o))  # noqa: E731
    first = over(oldest_in_window_at=NOW - timedelta(minutes=50))
    assert first == Planned(channel="desk", due_at=NOW + timedelta(minutes=10), bundle="limit:japan-ammunition", rank=plan.ALONE)
    joined = over(oldest_in_window_at=NOW, bundles={key: BundleState(open_due_at=first.due_at)})
    assert joined.due_at == first.due_at
    next_one = over(oldest_in_window_at=NOW - timedelta(minutes=59), bundles={key: BundleState(last_sent_at=NOW - timedelta(minutes=5))})
    assert next_one.due_at == NOW + timedelta(minutes=55)


def test_in_a_digest_nothing_needs_a_second_summary():
    got = planned(policy(digest="0 8 * * *"), of=rule(limit=(1, 60.0)), reason=Reason.OVER_LIMIT)
    assert got.bundle == "digest"


# ---- all together


def test_urgent_breaks_through_everything():
    loud = policy(digest="0 8 * * *", group=(timedelta(hours=1), timedelta(hours=1)), quiet=(time(0), time(23, 59)))
    assert planned(loud, of=rule(severity=Severity.URGENT)) == Planned(channel="desk", due_at=NOW, rank=plan.AHEAD)


def test_messages_of_a_rule_without_a_limit_may_be_gathered_those_of_one_with_a_limit_are_what_was_asked_for():
    assert planned(policy()).rank == plan.GATHERED
    assert planned(policy(), of=rule(limit=(1000, 3600.0))).rank == plan.ALONE


def test_only_urgent_alerts_escalate_each_of_their_channels_with_its_own_time():
    after = timedelta(minutes=15)
    policies = {p.name: p for p in (policy("desk", escalate=(after, ("phone",))), policy("phone"))}
    due = (Planned(channel="desk", due_at=NOW), Planned(channel="phone", due_at=NOW))
    urgent = alert(of=rule(severity=Severity.URGENT))
    assert plan.escalations(urgent, due, policies, NOW) == (plan.Waiting(channel="desk", targets=("phone",), due_at=NOW + after),)
    assert plan.escalations(alert(), due, policies, NOW) == ()


def test_a_webhook_gets_its_digest_one_by_one_but_a_summary_as_one():
    siem = policy("siem", "webhook", digest="0 8 * * *")
    assert planned(siem) == Planned(channel="siem", due_at=at("2024-03-11T08:00"))
    assert planned(replace(siem, digest=None), of=rule(limit=(1, 60.0)), reason=Reason.OVER_LIMIT).bundle == "limit:japan-ammunition"


def test_plan_gives_one_delivery_for_each_target_in_order():
    of = rule(channels=("siem",))
    got = plan.plan(alert(of=of), of, [Route(channels=("desk", "siem"))], POLICIES, Occasion(), NOW)
    assert got == (Planned(channel="siem", due_at=NOW), Planned(channel="desk", due_at=NOW))
