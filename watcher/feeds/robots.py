"""What robots.txt says about an article's page. Pure."""

from __future__ import annotations

from protego import Protego

MOST = 500 * 1024  # RFC 9309 section 2.5: at least 500 KiB must be read


def allowed(robots_txt: str, url: str, user_agent: str) -> bool:
    """Whether ``robots_txt`` lets ``user_agent`` (a product token such as ``watcher``) fetch ``url`` (RFC 9309).

    What cannot be understood forbids nothing.
    """
    try:
        return bool(Protego.parse(robots_txt[:MOST]).can_fetch(url, user_agent))
    except ValueError:
        return True
