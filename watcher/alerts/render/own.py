"""A channel's own templates: Jinja2, sandboxed, for its subject, text and HTML.

::

    email     subject.j2   text.j2   html.j2 (escaped as HTML)
    apprise   subject.j2   text.j2
    slack     subject.j2 (notifications)   text.j2 (mrkdwn; what comes from a feed is escaped as Slack asks)

Each file is optional, ours takes the place of what is missing, and ``{% extends "mail.html.j2" %}`` works. When one fails, ours takes its
place and the message says so: a typing error loses no alert. A webhook's body is a contract and has no templates. What a template can
use is in :func:`values`; ``alert`` is a ``view.View``.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FunctionLoader, PackageLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from watcher.alerts.render.bundle import Bundle, bundle
from watcher.alerts.render.sample import sample
from watcher.alerts.render.view import View, view
from watcher.model import Alert, Delivery, DeliveryId
from watcher.text.clean import one_line

FILES = ("subject.j2", "text.j2", "html.j2")
_FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def environment(own: Mapping[str, str] | None = None, *, finalize: Callable[[Any], Any] | None = None) -> Environment:
    """Return the sandboxed environment: HTML is escaped, an unknown name is an error.

    :param own: the user's templates by file name.
    :param finalize: applied to every value that a template prints.
    """
    sources = dict(own or {})
    loaders: list[BaseLoader] = [FunctionLoader(lambda name: (sources[name], name, None) if name in sources else None)]
    env = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([*loaders, PackageLoader("watcher.alerts", "templates")]),
        autoescape=lambda name: name is not None and "html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=finalize,
    )
    env.globals.clear()  # no range, lipsum or cycler: a loop runs over what is there
    return env


def values(views: Sequence[View], whole: Bundle | None, channel: str, *, shown: int, detailed: int) -> dict[str, Any]:
    """Return what a template can use.

    ``alert``: the alert, of several the first; ``alerts``: all that are to be listed, ``detailed`` of them with their sentences; ``count`` of
    all, ``missing`` of those not listed; ``title``, ``heading`` (the title without the rule), ``reason``, ``overview``,
    ``everything`` (a command) and ``link`` of the whole.
    """
    first = views[0]
    listed = whole.alerts[:shown] if whole else (first,)
    return {
        "alert": first,
        "alerts": listed,
        "detailed": detailed,
        "count": len(views),
        "rules": len({each.rule for each in views}),
        "missing": len(views) - len(listed),
        "title": whole.title if whole else first.subject,
        "heading": whole.heading if whole else first.headline,
        "reason": whole.reason if whole else "",
        "overview": whole.overview if whole else (),
        "everything": whole.everything if whole else "",
        "link": whole.link if whole else first.link,
        "channel": channel,
        "trouble": "",
    }


def attempt(env: Environment, own: Mapping[str, str], name: str, found: dict[str, Any]) -> str | None:
    """Return what the user's template ``name`` makes of the values; None where there is none, it fails or says nothing.

    What failed stands in ``found["trouble"]`` then.
    """
    if name not in own or found["alert"].notice:
        return None
    try:
        text = env.get_template(name).render(found)
    except _FAULTS as error:
        found["trouble"] = one_line(f"The template {name} of channel {found['channel']} failed: {error}", 300)
        return None
    return text if text.strip() else None


def check(
    own: Mapping[str, str], *, finalize: Callable[[Any], Any] | None = None, filters: Mapping[str, Any] | None = None
) -> list[tuple[str, int | None, str]]:
    """Return what is wrong with a user's templates: (file name, line, message); each is tried on one alert and on several."""
    env = environment(own, finalize=finalize)
    env.filters.update(filters or {})
    problems: list[tuple[str, int | None, str]] = []
    for name in own:
        try:
            template = env.get_template(name)
            for number in (1, 7):
                template.render(_sample_values(number))
        except TemplateError as error:
            line = getattr(error, "lineno", None) or _line(error, name)
            problems.append((name, line, error.message or type(error).__name__))
        except _FAULTS as error:
            problems.append((name, _line(error, name), f"{type(error).__name__}: {error}"))
    return problems


def _sample_values(number: int) -> dict[str, Any]:
    alerts = [sample(_NOON, each) for each in range(number)]
    views = [view(alert, "UTC") for alert in alerts]
    whole = bundle(_delivery(alerts), views) if number > 1 else None
    return values(views, whole, "sample", shown=500, detailed=30)


def _delivery(alerts: Sequence[Alert]) -> Delivery:
    return Delivery(
        id=DeliveryId(1), channel="sample", alerts=tuple(alerts), message_key="sample", epoch=0, attempts=0, due_at=_NOON, created_at=_NOON, bundle="digest"
    )  # fmt: skip


def _line(error: BaseException, name: str) -> int | None:
    """The line of the template where it failed: Jinja2 puts templates' own lines into the traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return frames[-1].lineno if frames else None
