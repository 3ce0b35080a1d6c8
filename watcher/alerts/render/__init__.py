"""From a stored delivery to a message, for each type of channel.

::

    view      an alert's payload in words; tolerant, cleaned again
    bundle    words for several alerts in one message
    mail      multipart mail, by templates        slack     Block Kit
    webhook   JSON of the contract                text      title and text for Apprise
    own       users' own templates                feed      the newest alerts as Atom and JSON Feed

Rendering is the same at every try but for a mail's ``Date``. It raises one error only: ``DeliveryError`` with reason ``unrenderable``
(or ``no_channel``), never retryable, so that a poisoned alert goes dead by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from jinja2 import Environment

from watcher.alerts import links
from watcher.alerts.render import mail, slack, text, webhook
from watcher.alerts.render import own as own_templates
from watcher.alerts.render.bundle import Bundle, bundle
from watcher.alerts.render.view import View, view
from watcher.errors import DeliveryError
from watcher.model import ChannelPolicy, ChannelSettings, Delivery, EmailSettings, Message, SlackPost, SlackSettings, WebhookSettings

__all__ = ["Renderer", "View", "check_templates", "view"]


class Renderer:
    """Renders deliveries by a fixed configuration; made anew on reload.

    :param policies: by channel: its time zone.
    :param settings: by channel: its type and, for mail, its sender.
    :param templates: by channel: the user's own templates, file name to source (see ``own``); the caller reads the folder.
    :param signer: makes the links that readers can click; None where there is no web page with a public URL.
    """

    def __init__(
        self,
        policies: Mapping[str, ChannelPolicy],
        settings: Mapping[str, ChannelSettings],
        *,
        templates: Mapping[str, Mapping[str, str]] | None = None,
        signer: links.Signer | None = None,
    ) -> None:
        self._policies, self._settings, self._signer = policies, settings, signer
        self._own = templates or {}
        builtin = own_templates.environment()
        self._environments: dict[str, Environment] = {
            name: _environment(setting, self._own[name]) if name in self._own else builtin for name, setting in settings.items()
        }

    def render(self, delivery: Delivery, channel: str, now: datetime, *, brief: bool = False) -> Message:
        """Return the message that tells ``channel`` of ``delivery``.

        :param brief: a shorter one, after ``DeliveryError`` with reason ``too_big``.
        :raises DeliveryError: this delivery can never be rendered.
        """
        settings = self._settings.get(channel)
        if settings is None:
            raise DeliveryError(channel, "no_channel", "the channel is no longer configured", retryable=False)
        if not delivery.alerts:
            raise DeliveryError(channel, "unrenderable", "a delivery without alerts", retryable=False)
        try:
            return self._render(delivery, channel, settings, now, brief=brief)
        except Exception as error:  # whatever is wrong with one stored alert, it must not stop the queue behind it
            raise DeliveryError(
                channel, "unrenderable", f"cannot be rendered: {type(error).__name__}: {error}"[:300], retryable=False
            ) from error

    def _render(self, delivery: Delivery, channel: str, settings: ChannelSettings, now: datetime, *, brief: bool) -> Message:
        policy = self._policies.get(channel)
        timezone = policy.timezone if policy else "UTC"
        views = [view(alert, timezone, channel=channel, signer=self._signer, aside=delivery.note) for alert in delivery.alerts]
        whole = bundle(delivery, views, self._link(delivery)) if len(views) > 1 else None
        if isinstance(settings, EmailSettings):
            env, own = self._environments[channel], self._own.get(channel, {})
            return mail.render(delivery, views, whole, channel=channel, settings=settings, env=env, own=own, now=now, brief=brief)
        if isinstance(settings, SlackSettings):
            post = slack.render(views, whole, self._said(channel, views, whole))
            return post if settings.token is None else _for_a_bot(post, delivery, views)
        if isinstance(settings, WebhookSettings):
            return webhook.render(delivery, views, cloudevents=settings.cloudevents)
        return text.render(views, whole, self._said(channel, views, whole))

    def _said(self, channel: str, views: Sequence[View], whole: Bundle | None) -> dict[str, str | None]:
        """What the user's own templates of a channel that is no mail make of a delivery."""
        own = self._own.get(channel)
        if not own:
            return {}
        values = own_templates.values(views, whole, channel, shown=mail.SHOWN, detailed=mail.DETAILED)
        env = self._environments[channel]
        said = {name: own_templates.attempt(env, own, name, values) for name in ("subject.j2", "text.j2")}
        return {**said, "trouble": values["trouble"]}

    def _link(self, delivery: Delivery) -> str | None:
        """The page that lists a bundle."""
        told_at = max(alert.created_at for alert in delivery.alerts)
        return self._signer.url(links.BUNDLE, str(delivery.id), delivery.channel, told_at) if self._signer else None


def _for_a_bot(post: SlackPost, delivery: Delivery, views: Sequence[View]) -> SlackPost:
    """What a bot can do besides: a story is a thread. Only an update may stay within it; what is told first is shown to all."""
    story = views[0].story if len(views) == 1 and not views[0].notice else ""
    return replace(post, id=delivery.message_key, thread=f"story-{story}" if story else None, broadcast=not views[0].update)


def check_templates(own: Mapping[str, str], kind: str = "email") -> list[tuple[str, int | None, str]]:
    """Return what is wrong with a user's templates for a type of channel: (file name, line, message); for ``watcher check``."""
    if kind == "slack":
        return own_templates.check(own, finalize=slack.finalize, filters=slack.FILTERS)
    return own_templates.check(own)


def _environment(settings: ChannelSettings, own: Mapping[str, str]) -> Environment:
    if not isinstance(settings, SlackSettings):
        return own_templates.environment(own)
    env = own_templates.environment(own, finalize=slack.finalize)
    env.filters.update(slack.FILTERS)
    return env
