"""The dashboard and its JSON API, for people and for machines that watch the watcher. But for signed links from messages, it changes nothing.

callbacks   what WebSub hubs call: /websub/TOKEN
actions     signed links: shown by GET, done by POST
server      routes, the host check, the password, the headers of every answer
source      what a page needs to know, as a protocol that the daemon fulfils
templates/  Jinja2 with autoescape     static/  one style sheet: no script, nothing from elsewhere

/             state: feeds, entries, deliveries, the newest alerts
/alerts       newest first            /alerts/ID   one, with what matched
/deliveries   what was sent, what waits, what was given up
/feeds        each with its last success, next poll and trouble
/alerts.atom  /alerts.json   the newest alerts as a feed; with a password also by ?token= of [web] feed_token
/do/ACTION/ID  signed links      /api/status   /api/alerts   /api/alerts/ID   /api/deliveries   /api/feeds
/healthz      200 while the daemon works, 503 with the reason when it does not
/metrics      Prometheus
"""

from watcher.web.server import serve
from watcher.web.source import Health, Source

__all__ = ["Health", "Source", "serve"]
