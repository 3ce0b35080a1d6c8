"""A small world on loopback: news outlets, a mail server and chat hooks, for ``watcher demo`` and the tests.

    room      Newsroom: everything below, started and stopped together
    pieces    what is written: Outlet and Piece, loaded from outlets.toml and stories/*.toml
    wire      pieces -> a feed document in RSS 2.0, RSS 1.0, Atom or JSON Feed
    pages     a piece -> its web page, with menus, notices and all that surrounds an article (templates/*.j2)
    web       the HTTP server: validators, 304, gzip, a log of requests, and failures on demand
    trouble   Trouble: what shall go wrong, where and how often
    sinks     receivers that record what they accept: SMTP, a Slack hook, signed webhooks
    ledger    append-only JSON lines, the record outside the daemon
    plan      feeds and entries made from a seed, from which what must arrive can be computed
    child     the real daemon as a child process that never outlives us
    desk      the demo's own configuration (config/), with the room's addresses filled in
    glimpse   read-only looks into the daemon's SQLite file: what has been read so far
    scenario  the story that ``watcher demo`` plays, step by step, as events

Every text was written for this project. The facts of the lead are those of news of March 2024; all outlets and people
who are quoted are invented.
"""

from watcher.newsroom.child import Daemon
from watcher.newsroom.pieces import OUTLETS, Outlet, Piece, load
from watcher.newsroom.room import Newsroom
from watcher.newsroom.sinks import Post
from watcher.newsroom.trouble import Trouble

__all__ = ["OUTLETS", "Daemon", "Newsroom", "Outlet", "Piece", "Post", "Trouble", "load"]
