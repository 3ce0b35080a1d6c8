"""From a configuration to the things that do its work: the explicit list that is watcher's registry of channels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from watcher.alerts import links
from watcher.alerts.render import Renderer
from watcher.channels import Channel
from watcher.config import Config
from watcher.daemon import log
from watcher.daemon.runtime import Wiring, user_agent
from watcher.feeds.schedule import Policy
from watcher.model import AppriseSettings, ChannelPolicy, ChannelSettings, EmailSettings, Secret, SlackSettings, WebhookSettings
from watcher.net import Client, Limits


def wire(loaded: Config, *, link_key: bytes | None = None) -> Wiring:
    """Build what follows from one configuration; cheap enough to be done at each reload.

    :param link_key: signs the links in messages; without it, or without a public URL, there are none.
    """
    fetch = loaded.fetch
    limits = Limits(total=fetch.timeout.total_seconds(), max_wire=fetch.max_body, max_decoded=2 * fetch.max_body)
    client = Client(user_agent=user_agent(loaded.contact), limits=limits, allow_private=fetch.allow_private, proxy=fetch.proxy)
    policies = {name: policy for name, (policy, _) in loaded.channels.items()}
    settings = {name: setting for name, (_, setting) in loaded.channels.items()}
    public_url = loaded.web.public_url if loaded.web else None
    signer = links.Signer(link_key, public_url) if link_key and public_url else None
    return Wiring(
        config=loaded,
        feeds={feed.url: feed for feed in loaded.feeds},
        rules={rule.name: rule for rule in loaded.rules},
        entities={entity.id: entity for entity in loaded.entities},
        policies=policies,
        channels={name: channel(name, setting, client) for name, setting in settings.items()},
        renderer=renderer(loaded, signer),
        signer=signer,
        client=client,
        policy=Policy(fetch.interval, fetch.min_interval, fetch.max_interval),
        limits=limits,
    )


def renderer(loaded: Config, signer: links.Signer | None = None) -> Renderer:
    """The renderer of a configuration, with the users' own templates."""
    policies = {name: policy for name, (policy, _) in loaded.channels.items()}
    settings = {name: setting for name, (_, setting) in loaded.channels.items()}
    return Renderer(policies, settings, templates=_templates(policies), signer=signer)


def _templates(policies: Mapping[str, ChannelPolicy]) -> dict[str, dict[str, str]]:
    """Read the users' own templates: by channel, file name to source. A folder that cannot be read costs the style, not the alert."""
    found: dict[str, dict[str, str]] = {}
    for name, policy in policies.items():
        if policy.templates is None:
            continue
        try:
            found[name] = {
                file.name: file.read_text(encoding="utf-8") for file in sorted(Path(policy.templates).iterdir()) if file.is_file()
            }
        except (OSError, UnicodeDecodeError) as error:
            log.get().error("templates.unreadable", channel=name, folder=policy.templates, why=str(error), used="the built-in ones")
    return found


def channel(name: str, settings: ChannelSettings, client: Client) -> Channel:
    """The channel of a type: one line for each type that there is. Imported late: few configurations use all."""
    match settings:
        case EmailSettings():
            from watcher.channels.email import EmailChannel  # noqa: PLC0415

            return EmailChannel(name, settings)
        case SlackSettings(token=Secret()):
            from watcher.channels.slack_bot import SlackBotChannel  # noqa: PLC0415

            return SlackBotChannel(name, settings, client)
        case SlackSettings():
            from watcher.channels.slack import SlackChannel  # noqa: PLC0415

            return SlackChannel(name, settings, client)
        case WebhookSettings():
            from watcher.channels.webhook import WebhookChannel  # noqa: PLC0415

            return WebhookChannel(name, settings, client, lambda: datetime.now(UTC))
        case AppriseSettings():
            from watcher.channels.apprise import AppriseChannel  # noqa: PLC0415

            return AppriseChannel(name, settings)
