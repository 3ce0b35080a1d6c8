"""The small languages inside TOML strings: durations, sizes, limits, quiet hours, addresses. Pure.

Every function takes a value as TOML gave it, whatever its type, and returns it parsed, or raises ``ValueError`` whose text
names the allowed form. The text never echoes more than a few dozen characters of the value.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

CLIP = 60
LONGEST = timedelta(days=36_500)

_DURATION = re.compile(r"([0-9]{1,10})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SIZE = re.compile(r"([0-9]{1,12})(B|kB|KB|MB|GB|KiB|MiB|GiB)")
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_LIMIT = re.compile(r"([0-9]{1,9}) ?/ ?(m|h|d)")
_QUIET = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9]) ?- ?([01][0-9]|2[0-3]):([0-5][0-9])")
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>()\[\],;:\"\\]{1,253}")
_HOST = re.compile(r"(?!-)[\w-]{1,63}(?:\.(?!-)[\w-]{1,63})*\.?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def clip(text: str, limit: int = CLIP) -> str:
    """Return ``text`` on one line, at most ``limit`` characters, with an ellipsis where it was cut."""
    line = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def shown(value: object) -> str:
    """Return ``value`` as a user of TOML would name it, for the end of a message."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{clip(value)}"'
        case int() | float():
            return clip(str(value))
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "a table"
        case datetime() | date() | time():
            return f"the date or time {value}"
        case _:
            return f"a {type(value).__name__}"


def duration(value: object) -> timedelta:
    """Parse ``"90s"``, ``"15m"``, ``"6h"`` or ``"7d"``: more than nothing, at most 100 years."""
    if not isinstance(value, str) or (found := _DURATION.fullmatch(value)) is None:
        raise ValueError(f'expected a duration such as "90s", "15m", "6h" or "7d", not {shown(value)}')
    seconds = int(found[1]) * _SECONDS[found[2]]
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError(f'a duration lies between "1s" and "36500d", not {shown(value)}')
    return timedelta(seconds=seconds)


def duration_text(value: timedelta) -> str:
    """Return the shortest text that :func:`duration` reads as ``value``."""
    seconds = int(value.total_seconds())
    unit = next(unit for unit in "dhms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def size(value: object) -> int:
    """Parse ``"10MB"`` or ``"512KiB"`` into bytes: at least one, at most a terabyte."""
    if not isinstance(value, str) or (found := _SIZE.fullmatch(value.replace(" ", "", 1))) is None:
        raise ValueError(f'expected a size such as "10MB" or "512KiB", not {shown(value)}')
    number = int(found[1]) * _BYTES[found[2]]
    if not 0 < number <= 10**12:
        raise ValueError(f'a size lies between "1B" and "1000GB", not {shown(value)}')
    return number


def limit(value: object) -> tuple[int, float]:
    """Parse ``"20/h"`` into (alerts, seconds); the units are ``/m``, ``/h`` and ``/d``."""
    if not isinstance(value, str) or (found := _LIMIT.fullmatch(value)) is None or int(found[1]) < 1:
        raise ValueError(f'expected a limit such as "20/h" (also /m, /d), not {shown(value)}')
    return int(found[1]), float(_SECONDS[found[2]])


def quiet(value: object) -> tuple[time, time]:
    """Parse ``"22:00-07:00"`` into (start, end); it may pass midnight."""
    if not isinstance(value, str) or (found := _QUIET.fullmatch(value)) is None:
        raise ValueError(f'expected quiet hours such as "22:00-07:00", not {shown(value)}')
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if start == end:
        raise ValueError(f"quiet hours that begin and end at the same time: {shown(value)}")
    return start, end


def line(value: str) -> str:
    """Return a text that stands on one line, without control characters and surrounding blanks."""
    text = value.strip()
    if not text:
        raise ValueError("expected a text, not an empty one")
    if _CONTROL.search(text):
        raise ValueError(f"expected one line without control characters, not {shown(value)}")
    return text


def http_url(value: object) -> str:
    """Return an absolute ``http`` or ``https`` URL with a host, unchanged but for surrounding blanks."""
    if not isinstance(value, str):
        raise ValueError(f'expected a URL such as "https://example.org/rss", not {shown(value)}')  # noqa: TRY004 — pydantic collects ValueErrors
    url = value.strip()
    fault = _url_fault(url)
    if fault:
        raise ValueError(f'expected a URL such as "https://example.org/rss", not {shown(masked(url))}: {fault}')
    return url


def masked(url: str) -> str:
    """Return a URL for a message: without what stands before the @ of its host, which may be a password."""
    return re.sub(r"^([^/?#]*//)?+(?:[^/?#:]*:.*|[^/?#]*)@", r"\1…@", url)


def has_login(url: str) -> bool:
    """Return whether a text is a URL that holds a name or a password."""
    return re.match(r"[^/?#:@]*://[^/?#]*@", url) is not None


def _url_fault(url: str) -> str | None:
    if len(url) > 2_048:
        return "longer than 2,048 characters"
    if _CONTROL.search(url) or re.search(r"[\s<>\"\\]", url):
        return "it contains a blank or a character that no URL has"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:  # of a bad port Python says what it is, which may be a part of a password
        return "its port is no number up to 65535" if "port" in str(error).lower() else clip(str(error))
    if parts.scheme.lower() not in ("http", "https"):
        return "only http and https are fetched"
    if not host:
        return "it names no host"
    return "port 0" if port == 0 else None


def url_key(url: str) -> str:
    """Return what two spellings of one URL share: scheme and host in lower case, no default port, no fragment."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    port = f":{parts.port}" if parts.port and parts.port != {"http": 80, "https": 443}.get(scheme) else ""
    user = parts.netloc.rpartition("@")[0]
    return f"{scheme}://{user}@{host}{port}{parts.path or '/'}?{parts.query}"


def email(value: object) -> str:
    """Return a bare e-mail address that may exist: ``name@domain``, without a display name."""
    if not isinstance(value, str) or not _EMAIL.fullmatch(value.strip()) or _CONTROL.search(value.strip()):
        raise ValueError(f'expected an address such as "desk@example.org", not {shown(value)}')
    return value.strip()


def host(value: object) -> str:
    """Return a host name or an IP address, without scheme and port."""
    text = value.strip().strip("[]") if isinstance(value, str) else ""
    if isinstance(value, str) and ("//" in value or re.fullmatch(r"[^:]+:[0-9]+", text)):
        raise ValueError(f"expected a host without scheme and port, not {shown(value)}: the port has a key of its own")
    if not _is_address(text) and (len(text) > 253 or not _HOST.fullmatch(text)):
        raise ValueError(f'expected a host name such as "smtp.example.org", not {shown(value)}')
    return text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def network(value: object) -> str:
    """Return a network such as ``10.0.0.0/8``, normalised; a single address is a network of one."""
    form = f'expected a network such as "10.0.0.0/8" or "fd00::/8", not {shown(value)}'
    if not isinstance(value, str):
        raise ValueError(form)  # noqa: TRY004 — pydantic collects ValueErrors
    try:
        loose = ip_network(value.strip(), strict=False)
    except ValueError:
        raise ValueError(form) from None
    try:
        return str(ip_network(value.strip()))
    except ValueError:
        raise ValueError(f'{form}: did you mean "{loose}"?') from None


def listen(value: object) -> tuple[str, int]:
    """Parse ``"127.0.0.1:8080"``, ``"[::1]:8080"`` or ``"localhost:8080"`` into (host, port)."""
    wrong = f'expected an address and a port such as "127.0.0.1:8080" or "[::1]:8080", not {shown(value)}'
    if not isinstance(value, str):
        raise ValueError(wrong)  # noqa: TRY004 — pydantic collects ValueErrors
    name, colon, port = value.strip().rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise ValueError(wrong)
    bracketed = name.startswith("[") and name.endswith("]")
    name = name[1:-1] if bracketed else name
    if bracketed != (":" in name) or not (_is_address(name) or _HOST.fullmatch(name)):
        raise ValueError(wrong)
    return name, int(port)


def is_loopback(name: str) -> bool:
    """Return whether a host to listen on is reachable from this machine alone."""
    return ip_address(name).is_loopback if _is_address(name) else name.rstrip(".").lower() == "localhost"
