"""watcher: a daemon that reads feeds and tells you, once, about what you asked for.

Data flows one way. Each arrow is a package, and each package has one job::

    feeds ──► articles ──► rules ──► stories ──► alerts ──► channels
    (poll)    (extract)    (match)   (dedupe)    (decide)   (send)

    model     the nouns that travel along the arrows, frozen
    errors    the tree of exceptions
    config    TOML -> a frozen Config, or every problem with its file and line
    net       the guarded HTTP client; every request of the program goes through it
    text      folding, boundaries, sentences, language                        (pure)
    gazetteers  lists of names from elsewhere -> entities, as TOML
    store     tables, and the few statements that move a row from due to done
    daemon    wires the stages: poller, reader, dispatcher, keeper
    web       the dashboard and its JSON API
    cli       one file per group of commands
    newsroom  a small world on loopback for `watcher demo` and the tests

What happens to one entry::

    feed      daemon.poller claims the feeds that are due
      │  feeds.fetch                -> Response | NotModified        raises FetchError
      │  feeds.parse                -> Document                      raises ParseError
      │  store                         ONE transaction: new entries, validators, next due_at, WHERE epoch = mine
    entry     daemon.reader claims the entries that are due
      │  articles.fetch, .extract   -> Article                       falls back to the feed's own text, and says so
      │  rules.match                -> Matches with evidence
      │  stories.decide             -> Story
      │  alerts.decide              -> Decision with its Reason      silence is explained too
      │  store                         ONE transaction: article, matches, story, alerts, deliveries
    delivery  daemon.dispatcher claims the deliveries that are due
      │  alerts.render              -> Message
      │  channels.email … .send                                      raises DeliveryError
      └  store                         sent | a later due_at | dead, with a reason

Nothing is sent that is not recorded first, so a kill at any point loses no alert.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("watcher-alerts")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0.0.0"
