"""channels: puts a rendered message on the wire. One file per type; each knows its protocol and nothing else.

::

    base      Channel: what the dispatcher calls
    posting   what the HTTP channels share: the client as they see it, faults as ``DeliveryError``
    email     SMTP: one transaction for all open recipients, an outcome for each
    mime      Mail -> the bytes of RFC 5322
    slack     an incoming webhook: success is 200 and ``ok``
    slack_bot chat.postMessage: threads and updates
    webhook   Standard Webhooks: signed anew at each try
    apprise   any of Apprise's services, in a thread

``send`` returns a ``Receipt`` when the receiver took responsibility, and raises ``DeliveryError`` when it did not; nothing else. Secrets
never enter an error or a receipt. A new type is one file here, its settings in ``model.channel`` and one line in ``daemon.app``.
"""

from watcher.channels.base import Channel

__all__ = ["Channel"]
