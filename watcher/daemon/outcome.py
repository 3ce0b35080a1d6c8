"""What one poll means for the feed's next state. Decided here, on values; applied by the poller."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from watcher.errors import BadStatus, FetchError, ParseError
from watcher.feeds import health, schedule
from watcher.feeds.fetch import NotModified, Response
from watcher.model import Document, Feed, FeedHints, FeedState, Notice

CONFIRMATIONS = 3  # a permanent redirect is adopted after so many in a row (DESIGN section 5)


def unchanged(
    state: FeedState, feed: Feed, policy: schedule.Policy, answer: Response | NotModified, *, now: datetime, jitter: float
) -> FeedState:
    """The state after a poll that brought nothing: a 304, or the same bytes again."""
    etag, last_modified = answer.etag, answer.last_modified
    if isinstance(answer, NotModified):  # a 304 need not repeat its validators
        etag, last_modified = etag or state.etag, last_modified or state.last_modified
    due_at, interval = schedule.after_success(state, feed, policy, hints=answer.hints, now=now, jitter=jitter)
    after = replace(
        _well(state, now), due_at=due_at, interval=interval, etag=etag, last_modified=last_modified, validators_url=answer.validators_url
    )
    return _redirected(after, answer.permanent)


def only_rescheduled(state: FeedState, answer: Response | NotModified) -> bool:
    """Whether :func:`unchanged` would change nothing but the times, so that the poll needs one cheap row and no transaction of its own."""
    again = isinstance(answer, NotModified)
    return (
        state.failures == 0
        and (answer.etag == state.etag or (again and not answer.etag))
        and (answer.last_modified == state.last_modified or (again and not answer.last_modified))
        and answer.validators_url == state.validators_url
        and (answer.permanent is None or answer.permanent == state.fetch_url)
        and state.redirect_count == 0
        and state.redirect_url is None
        and state.gone_at is None
        and state.last_success_at is not None
    )


def changed(
    state: FeedState, feed: Feed, policy: schedule.Policy, answer: Response, document: Document, *, now: datetime, jitter: float
) -> FeedState:
    """The state after a document that was parsed.

    Validators and the body's hash are kept back while a part of the document is still to be stored (limit L8), so
    that the next poll gets it again, and soon.
    """
    hints = _merge(document.hints, answer.hints)
    new = len(document.entries)
    news = [entry.published_at for entry in document.entries] if state.baseline_at else []  # a first document is no news
    if state.push_until is not None and state.last_new_at is not None:  # what a hub delivered has been learnt
        news = [at for at in news if at is None or at > state.last_new_at]
    state = replace(state, rhythm=schedule.learn(state, news, now=now))
    due_at, interval = schedule.after_success(state, feed, policy, hints=hints, now=now, jitter=jitter)
    after = replace(
        _well(state, now),
        due_at=due_at,
        interval=interval,
        title=document.info.title or state.title,
        known_spans=document.spans,
        span_count=document.total,
        full_parse_at=(state.full_parse_at or now) if document.partial else now,
        last_new_at=now if new and state.baseline_at else state.last_new_at,
        baseline_at=state.baseline_at or now,
        quiet_at=None if news else state.quiet_at,
        lied_at=state.lied_at if health.distrusted(state, now) else None,
        etag=answer.etag,
        last_modified=answer.last_modified,
        validators_url=answer.validators_url,
        body_hash=answer.body_hash,
        backlog=0,
    )
    if not document.complete:
        after = replace(
            after,
            etag=None,
            last_modified=None,
            body_hash=None,
            known_spans=b"",
            span_count=0,
            backlog=max(1, document.total - len(document.entries)),
            due_at=now + policy.min_interval,
        )
    return _redirected(after, answer.permanent)


def failed(
    state: FeedState, feed: Feed, policy: schedule.Policy, error: FetchError | ParseError, *, now: datetime, jitter: float
) -> FeedState:
    """The state after a poll that failed: validators and known entries stay as they were."""
    after = replace(
        state,
        failures=state.failures + 1,
        first_failed_at=state.first_failed_at or now,
        last_error=f"{error.reason}: {error}"[:500],
        last_polled_at=now,
        redirect_url=None,
        redirect_count=0,
    )
    if isinstance(error, BadStatus) and error.status == 410:
        return replace(after, due_at=None, gone_at=now)
    return replace(after, due_at=schedule.after_failure(state, feed, policy, error, now=now, jitter=jitter))


def notices(before: FeedState, after: FeedState, name: str) -> tuple[list[Notice], list[str]]:
    """What the operators are to be told at once after a poll, and the keys of earlier notices that are over.

    A feed that fails for long is told by ``daemon.sources``, which sees all feeds together.
    """
    gone, moved = f"feed_gone:{after.url}", f"feed_moved:{after.url}:{after.fetch_url}"
    if after.gone_at and not before.gone_at:
        text = f"{after.url} answered 410 Gone: its publisher has ended this feed.\nIt is no longer polled. Remove it from the configuration, or try it again with: watcher feeds poll {after.url}"
        return [Notice(key=gone, subject=f"Feed {name} is gone", text=text)], []
    if after.failures:
        return [], []
    told = []
    if after.fetch_url != before.fetch_url:
        text = f"{before.fetch_url} has been redirecting permanently to {after.fetch_url}, which is a feed. It is polled there from now on.\nChange the URL in the configuration when convenient."
        told.append(Notice(key=moved, subject=f"Feed {name} has moved", text=text))
    return told, [gone] if before.failures else []


def renumbered(state: FeedState, name: str, known: int, new: int, *, now: datetime) -> Notice:
    """What the operators are told when a feed gave its entries new identities."""
    text = (
        f"{state.url} gave {known} of its entries new identities, as a site does that moves to a new system. They were recognised by "
        f"their titles and not told again; {new} more were new and were read."
    )
    return Notice(key=f"feed_renumbered:{state.url}:{now:%Y-%m-%d}", subject=f"Feed {name} has new identities", text=text)


def _well(state: FeedState, now: datetime) -> FeedState:
    return replace(
        state,
        failures=0,
        first_failed_at=None,
        last_error=None,
        last_polled_at=now,
        last_success_at=now,
        gone_at=None,
    )


def _redirected(state: FeedState, target: str | None) -> FeedState:
    """Count confirmations of a permanent redirect; adopt its target after three in a row that led to a feed."""
    if target is None or target == state.fetch_url:
        return replace(state, redirect_url=None, redirect_count=0)
    count = state.redirect_count + 1 if target == state.redirect_url else 1
    if count < CONFIRMATIONS:
        return replace(state, redirect_url=target, redirect_count=count)
    return replace(state, fetch_url=target, validators_url=None, redirect_url=None, redirect_count=0)


def _merge(document: FeedHints, headers: FeedHints) -> FeedHints:
    """What the document says about its rhythm, beside what the headers say about the response."""
    return replace(
        headers, ttl=document.ttl, update_period=document.update_period, skip_hours=document.skip_hours, skip_days=document.skip_days
    )
