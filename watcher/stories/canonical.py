"""One URL for one article.

Two addresses get one canonical form only where web practice leaves no doubt that they show the same article: scheme, ``www``,
mobile and AMP twins, tracking parameters, order of parameters, trailing slash. Everything that may tell two articles apart
(path, its case, other parameters) stays. The form identifies; readers are sent to the address that the feed gave.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

_TRACKING = frozenset(
    """
    __source __twitter_impression _ga _gl _hsenc _hsmi cmp cmpid dclid emc epik fb_action_ids fb_action_types fb_ref fb_source
    fbclid feedname feedtype gbraid gclid gclsrc guccounter guce_referrer guce_referrer_sig icid igsh igshid ito mc_cid mc_eid
    mkt_tok msclkid ncid ns_campaign ns_linkname ns_mchannel ns_source ocid oly_anon_id oly_enc_id rb_clickid s_cid smid smtyp
    soc_src soc_trk spm sr_share srsltid taid traffic_source trk trkcampaign ttclid twclid twitter_impression vero_conv vero_id wbraid wickedid
    wt_mc wt_zmc xtor yclid ysclid
    """.split()  # noqa: SIM905 - a table of words reads best as words
)
_TRACKING_FAMILY = ("utm_", "hsa_", "mtm_", "matomo_", "pk_", "piwik_", "at_medium", "at_campaign", "at_custom", "wt.", "itm_", "stm_")
# Words that also name real parameters are dropped only with values that can mean nothing but "came from there".
_ORIGIN = frozenset({"from", "ref", "referer", "referrer", "source", "src", "partner", "medium", "via", "origin", "srcref"})
_ORIGINS = frozenset(
    """
    rss rss2 feed feeds atom xml twitter facebook fb telegram tg newsletter email mail social share push
    homepage google googlenews yahoo
    """.split()  # noqa: SIM905 - as above
)
_AMP_QUERY = frozenset({("amp", ""), ("amp", "1"), ("amp", "true"), ("outputtype", "amp"), ("output", "amp"), ("amp_js_v", "0.1")})
_TWIN_LABELS = frozenset({"www", "m", "mobile", "amp"})
_AMP_CACHE_PATH = re.compile(r"^/(?:[a-z]/)?(?:s/)?(?P<target>[^/]+\.[^/]+/.*)$")
_AMP_SEARCH_PATH = re.compile(r"^/amp/(?:s/)?(?P<target>[^/]+\.[^/]+/.*)$")
_AMP_SUFFIX = re.compile(r"(?:/amp|/amp\.html?|\.amp)$|\.amp(?=\.html?$)")
_INDEX_FILE = re.compile(r"/index\.(?:html?|php|aspx?)$")
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?]*", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE = "/:@!$&'()*+,;=-._~%"
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "gv", "mil", "ne", "net", "or", "org"})
_VARIANT = re.compile(r"^(?:amp|print|full|mobile|\d{1,2}|page/?\d{1,2})$")
_IP = re.compile(r"^(?:\[.*\]|[\d.]+)$")
_UNWRAPPINGS = 3
_BLANKS = " \t\r\n\f\v"
# Addresses that only lead on: whatever the page behind them declares is better.
_REDIRECTORS = frozenset(
    {
        "bit.ly",
        "buff.ly",
        "dlvr.it",
        "feedproxy.google.com",
        "feeds.feedburner.com",
        "goo.gl",
        "ift.tt",
        "lnkd.in",
        "news.google.com",
        "ow.ly",
        "t.co",
        "tinyurl.com",
        "trib.al",
    }
)


def canonical_url(url: str, declared: str | None = None) -> str:
    """Return the form of ``url`` that names the article, whichever feed, device or campaign it came from.

    :param url: the address as a feed or a redirect gave it. What is no http(s) URL comes back stripped, otherwise unchanged.
    :param declared: what the page says of itself (``rel=canonical``, else ``og:url``), absolute or relative; believed only if
        it can be the same article (see :func:`plausible`).

    Applying the function to its own result changes nothing.
    """
    own = _parse(url)
    if own is None:
        return url.strip(_BLANKS)
    if declared:
        other = _parse(_absolute(declared.strip(_BLANKS), url.strip(_BLANKS))) if len(declared) <= 2048 else None
        if other is not None and plausible(own, other):
            return _form(other)
    return _form(own)


def _absolute(declared: str, base: str) -> str:
    return declared if _ABSOLUTE.match(declared) else urljoin(base, declared)  # which loses a last ";"


def plausible(own: SplitResult, declared: SplitResult) -> bool:
    """Whether a page at ``own`` can be right in calling itself ``declared``; both in canonical parts.

    Seen in the wild and refused: every article declares the home page, its section, the one script that serves all
    articles (``/story.php`` without its ``id``), or another company's site.
    """
    if declared.path in ("", "/") and not declared.query:
        return False
    if own.netloc in _REDIRECTORS:
        return declared.netloc not in _REDIRECTORS
    if declared.netloc != own.netloc and site_of(declared.netloc) != site_of(own.netloc):
        return declared.path == own.path and declared.query == own.query and len(own.path) >= 12
    if declared.path == own.path:
        return declared.query == own.query or not own.query or bool(declared.query)
    if own.path.startswith(declared.path + "/"):
        return bool(_VARIANT.match(own.path[len(declared.path) + 1 :]))
    return True


def host_of(url: str) -> str:
    """Return the host of ``url`` without ``www.``, ``m.`` and the like, lower case; "" where there is none."""
    parts = _parse(url)
    return parts.netloc if parts else ""


def _parse(url: str) -> SplitResult | None:
    """Split ``url`` into canonical parts, or None for what is no web address."""
    url = re.sub(r"[\x00-\x20]+", "", url) if not url.isprintable() or " " in url else url
    for _ in range(_UNWRAPPINGS):
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.scheme.lower() not in ("http", "https") or not host:
            return None
        inner = _behind_amp_cache(host, parts.path)
        if inner is None:
            break
        url = f"https://{inner}" + (f"?{parts.query}" if parts.query else "")
    netloc = _host(host) + (f":{port}" if port not in (None, 80, 443) else "")
    fragment = parts.fragment if parts.fragment.startswith(("!", "/")) else ""  # the route of a page that is a program
    return SplitResult("https", netloc, _path(parts.path), _query(parts.query), fragment)


def _form(parts: SplitResult) -> str:
    path = "" if parts.path == "/" and not parts.query and not parts.fragment else parts.path
    return parts._replace(path=path).geturl()


def _behind_amp_cache(host: str, path: str) -> str | None:
    """Return ``host/path`` of the page that an AMP cache or a search engine's AMP viewer shows, or None."""
    if host.endswith(".cdn.ampproject.org") or host == "cdn.ampproject.org":
        found = _AMP_CACHE_PATH.match(path)
    elif re.match(r"(?:www\.)?(?:google\.[a-z.]+|bing\.com)$", host):
        found = _AMP_SEARCH_PATH.match(path)
    else:
        return None
    return found["target"] if found else None


def _host(host: str) -> str:
    host = host.lower().rstrip(".")
    if ":" in host:
        return f"[{host}]"
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    if _IP.match(host):
        return host
    labels = host.split(".")
    while len(labels) > 2 and labels[0] in _TWIN_LABELS:
        del labels[0]
    if len(labels) > 3 and labels[1] in ("m", "mobile"):  # en.m.wikipedia.org
        del labels[1]
    return ".".join(labels)


def _path(path: str) -> str:
    path = _SESSION.sub("", path)
    path = _ESCAPE.sub(_escape, quote(path, safe=_SAFE))
    while True:  # /story/amp/ -> /story: each step may bare the next
        shorter = _INDEX_FILE.sub("/", _AMP_SUFFIX.sub("", path.rstrip("/")))
        shorter = shorter.rstrip("/")
        if shorter.startswith("/amp/") and shorter.count("/") > 2:
            shorter = shorter[4:]
        if shorter == path:
            return path or "/"
        path = shorter


def _escape(found: re.Match[str]) -> str:
    char = unquote(found[0], encoding="latin-1")
    return char if char in _UNRESERVED else found[0].upper()


def _query(query: str) -> str:
    kept = []
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        low = key.lower()
        if not pair or low in _TRACKING or low.startswith(_TRACKING_FAMILY):
            continue
        if (low, value.lower()) in _AMP_QUERY or (low in _ORIGIN and value.lower() in _ORIGINS):
            continue
        kept.append(_ESCAPE.sub(_escape, quote(f"{key}{equals}{value}", safe=_SAFE + "?")))
    return "&".join(sorted(kept, key=lambda pair: pair.partition("=")[0]))


def site_of(host: str) -> str:
    """Return the registrable part of a host, near enough: two labels, or three under ``co.uk`` and the like."""
    if _IP.match(host):
        return host
    labels = host.rpartition(":")[0].split(".") if ":" in host else host.split(".")
    wide = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if wide else labels[-2:])
