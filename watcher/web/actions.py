"""Signed links from messages: ``/do/ACTION/ID``.

The signature lets its bearer in, without the page's password, to one thing about one alert. GET has no effect, since mail scanners and
browsers fetch links ahead of their readers: it shows what would be done, and a button. Only the button's POST does it, and only when the
browser says that it comes from our own page. Doing a thing twice is doing it once.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from aiohttp import web

from watcher.web.source import Row, Source

Kept = TypeVar("Kept", Row, list[Row])

PREFIX = "/do/"
FORMS_ALLOWED = "form-action 'self'"
_SHOWN = ("open", "bundle")
_ASKED = {
    "ack": ("Have you seen this alert?", "Yes, I have seen it", "Nobody else will be called about it."),
    "useful": ("Was this alert useful?", "Yes, it was useful", "`watcher rules suggest` learns from it."),
    "noise": ("Was this alert noise?", "Yes, it was noise", "`watcher rules suggest` learns from it what the rule could leave out."),
    "silence": ("Silence this rule for a day?", "Silence it for a day", "What it would have told is counted and can be read afterwards."),
}


class Page(Protocol):
    """Renders a template; see ``server``."""

    def __call__(self, template: str, **values: Any) -> web.Response:
        """Return the page."""
        ...


class Links:
    """Answers signed links. ``page`` renders a template."""

    def __init__(self, source: Source, page: Page) -> None:
        self._source, self._page = source, page

    async def get(self, request: web.Request) -> web.Response:
        """Show what the link is about, and ask."""
        action, subject, _ = self._checked(request)
        if action == "bundle":
            return self._page("bundle.html", alerts=_found(await self._source.bundle(subject)))
        alert = _found(await self._source.alert(subject))
        if action in _SHOWN:
            return self._page("alert.html", alert=alert, guest=True)
        question, button, then = _ASKED[action]
        response = self._page("ask.html", alert=alert, question=question, button=button, then=then)
        response.headers["Content-Security-Policy"] = FORMS_ALLOWED  # the guard completes it
        response.headers["Referrer-Policy"] = "same-origin"  # with "no-referrer" a browser names no Origin when the button is pressed
        return response

    async def post(self, request: web.Request) -> web.Response:
        """Do it."""
        action, subject, channel = self._checked(request)
        if action in _SHOWN:
            raise web.HTTPMethodNotAllowed("POST", ["GET"])
        if not _from_ourselves(request):
            raise web.HTTPForbidden(text="This must be sent from watcher's own page.\n")
        done = await self._source.act(action, subject, channel)
        if done is None:
            raise web.HTTPNotFound(text="This alert is no longer kept.\n")
        return self._page("done.html", done=done)

    def _checked(self, request: web.Request) -> tuple[str, str, str]:
        """Return action, subject and channel of a link that is ours and has not expired."""
        action, subject = request.match_info["action"], request.match_info["subject"]
        channel, expiry, signature = (request.query.get(name, "") for name in ("c", "e", "s"))
        if not self._source.link_holds(action, subject, channel, expiry, signature):
            raise web.HTTPForbidden(text="This link is none of ours, or it has expired. The alert is on watcher's own page.\n")
        return action, subject, channel


def _from_ourselves(request: web.Request) -> bool:
    """Whether a POST comes from our own page, as far as the browser says (Fetch Metadata; else Origin; else there is no browser)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or (origin != "null" and urlsplit(origin).netloc == request.headers.get("Host"))


def _found(what: Kept | None) -> Kept:
    if not what:
        raise web.HTTPNotFound(text="This alert is no longer kept.\n")
    return what
