"""Feeds: from a URL that is due to entries, politely.

fetch      one conditional GET -> ``Response`` or ``NotModified``; the only file here that touches the world
parse      a document's bytes -> ``Document``; pure, runs in a worker process; picks one of the next four
encoding   bytes in any charset -> UTF-8, and what can be told before parsing: a web page, an XML bomb
spans      where each item begins and ends, so that only new ones are parsed; identities of a giant feed
xmlfeed    RSS, RDF, Atom, CDF: feedparser's results -> entries
jsonfeed   JSON Feed 1.0 and 1.1
sitemap    news sitemaps
items      what all formats share: identity, clean text, sane dates, absolute links
schedule   when to come back: rhythm, hints, failures, jitter                              (pure)
hosts      slots and spacing per host                                                      (pure)
rhythm     when a feed publishes, learnt                                                   (pure)
health     whether it is well                                                              (pure)
discover   which feeds a site has
opml       lists of feeds, in and out                                                      (pure)
robots     what robots.txt says about an article's page                                    (pure)
"""

from watcher.feeds.hosts import host_of

__all__ = ["host_of"]
