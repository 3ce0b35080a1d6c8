"""Articles: from an entry's link to the text that rules see.

::

    policy     when an entry's page is worth fetching, and whether its text or the feed's is taken
    fetch      the page's bytes, through the guarded client                              (touches the network)
    extract    bytes -> Page: the steps below in order, for a worker process
      pdf        a PDF's text, in place of all that follows
      markup     bytes -> tree: character set, size, depth
      metadata   what the page says of itself: title, author, time, canonical URL, site, language
      furniture  the tree without dialogs, notices, lists of other articles
      lines      the text without captions' credits, "read also", share and sign-up lines
      quality    is this the article? ``ok``, or the reason why not

A page can only add: whatever fails here, the feed's own text is matched, and the alert says why.
"""

from watcher.articles.policy import about, choose, look_again, wants_page

__all__ = ["about", "choose", "look_again", "wants_page"]
