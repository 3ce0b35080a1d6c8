"""Who says so: the origin of a report, for counting independent sources.

Nine outlets that print one agency's report are one source. Copies of its text are found by the text (:mod:`watcher.stories.index`);
here are those that tell it in their own words and say whose it is: a dateline ("KYIV, Nov 3 (Reuters) -"), a credit ("як повідомляє
Bloomberg", "nach Angaben der dpa", "（共同）"), or the agency's own site. Only the head and the end of a text are read, where
credits stand; one that names several has asked around and speaks for itself.
"""

from __future__ import annotations

import re

from watcher.stories.canonical import site_of

HEAD, END = 700, 250  # characters

# Name, its sites, and how it is written, as a pattern.
_AGENCIES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Reuters", ("reuters.com",), r"Reuters|Рейтерс?|Reutersa|ロイター(?:通信)?|路透社?|로이터"),
    ("AP", ("apnews.com", "ap.org"), r"AP|A\.P\.|Associated Press|Ассошиэйтед Пресс|АП|AP通信|美联社|AP통신"),
    ("AFP", ("afp.com",), r"AFP|Agence France-Presse|Франс Пресс|АФП|AFP(?:通信|時事)"),
    ("dpa", ("dpa.com",), r"dpa|DPA|Deutsche Presse-Agentur|Deutschen Presse-Agentur"),
    ("Bloomberg", ("bloomberg.com",), r"Bloomberg|Блумберг|ブルームバーグ"),
    ("PAP", ("pap.pl",), r"PAP|Polska Agencja Prasowa|Polskiej Agencji Prasowej"),
    ("Interfax", ("interfax.ru", "interfax.com"), r"Interfax|Интерфакс(?:у|а|ом)?|Інтерфакс"),
    ("Interfax-Ukraine", ("interfax.com.ua",), r"Interfax-Ukraine|Інтерфакс-Україна|Интерфакс-Украина"),
    ("TASS", ("tass.ru", "tass.com"), r"TASS|ТАСС|ТАРС|タス通信"),
    ("RIA Novosti", ("ria.ru",), r"RIA(?: Novosti)?|РИА(?: Новости)?|РІА(?: Новини)?"),
    ("Ukrinform", ("ukrinform.ua", "ukrinform.net"), r"Ukrinform|Укрінформу?|Укринформу?"),
    ("UNIAN", ("unian.ua", "unian.net", "unian.info"), r"UNIAN|УНІАН|УНИАН"),
    ("Kyodo", ("kyodonews.jp", "kyodonews.net", "kyodo.co.jp"), r"Kyodo(?: News)?|共同(?:通信(?:社)?)?|共同社"),
    ("Jiji", ("jiji.com",), r"Jiji(?: Press)?|時事(?:通信(?:社)?)?"),
    ("NHK", ("nhk.or.jp",), r"NHK"),
    ("Nikkei", ("nikkei.com", "nikkei.co.jp"), r"Nikkei(?: Asia)?|日本経済新聞|日経新聞"),
    ("Xinhua", ("xinhuanet.com", "news.cn"), r"Xinhua|新华社|新華社|Синьхуа"),
    ("Yonhap", ("yna.co.kr",), r"Yonhap|연합뉴스|聯合ニュース|Рёнхап"),
    ("ANSA", ("ansa.it",), r"ANSA"),
    ("EFE", ("efe.com",), r"EFE"),
    ("CTK", ("ceskenoviny.cz", "ctk.cz"), r"ČTK|CTK"),
    ("Anadolu", ("aa.com.tr",), r"Anadolu(?: Agency| Ajansı)?"),
    ("Axios", ("axios.com",), r"Axios"),
    ("Politico", ("politico.com", "politico.eu"), r"Politico|POLITICO"),
    ("The New York Times", ("nytimes.com",), r"(?:The )?New York Times|NYT"),
    ("The Washington Post", ("washingtonpost.com",), r"(?:The )?Washington Post|WP"),
    ("The Wall Street Journal", ("wsj.com",), r"(?:The )?Wall Street Journal|WSJ"),
    ("Financial Times", ("ft.com",), r"(?:The )?Financial Times|FT"),
    ("CNN", ("cnn.com",), r"CNN"),
    ("BBC", ("bbc.co.uk", "bbc.com"), r"(?:the )?BBC"),
    ("Der Spiegel", ("spiegel.de",), r"(?:Der )?Spiegel|„Spiegel“"),
    ("Bild", ("bild.de",), r"Bild(?:-Zeitung)?"),
)
_SITES = {site: name for name, sites, _ in _AGENCIES for site in sites}
_ANY = "|".join(f"(?P<a{n}>{pattern})" for n, (_, _, pattern) in enumerate(_AGENCIES))
_QUOTE = "[«„“\"'‘]?"
_AFTER = "(?![\\w-])"

_NAMED = re.compile("|".join(pattern for _, _, pattern in _AGENCIES))

# "KYIV, Nov 3 (Reuters) - …", "[東京 25日 ロイター]", "（共同）", "Warszawa (PAP)", "BERLIN/dpa"
_DATELINE = re.compile(
    rf"(?:[(（\[【]|^[^\n]{{0,40}}/)[^()（）\[\]【】\n]{{0,24}}?(?:(?<![\w-])|(?<=[\u3040-\u9fff]))(?:{_ANY})(?![A-Za-z-])[^()（）\[\]【】\n]{{0,12}}(?:[)）\]】]|\s)",
    re.MULTILINE,
)
# A word of reporting, then the name; or the name, then the word.
_SAYS = (
    r"according to|citing|reports? (?:by|from)|told|"
    r"(?:як |про це |це )?(?:повідомля(?:є|ють)|повідоми(?:в|ла|ло|ли)|пише|передає|інформує)|за (?:даними|інформацією)|з посиланням на|посилаючись на|"
    r"(?:как |об этом )?(?:сообща(?:ет|ют)|сообщил[аио]?|пишет|передает|передаёт|информирует)|по (?:данным|информации)|со ссылкой на|ссылаясь на|"
    r"nach (?:Angaben|Informationen)(?: (?:der|des|von))?|berichtete?(?: (?:die|der|das))?|meldete?(?: (?:die|der|das))?|"
    r"(?:jak )?(?:podaje|podała|podał|informuje|poinformował[ao]?|donosi|pisze)|według|powołując się na|za|"
    r"selon(?: (?:l'|l’|le |la ))?|rapporte(?: (?:l'|l’|le |la ))?|indique(?: (?:l'|l’|le |la ))?|según|informa|informó|secondo|riferisce|podle|uvedla|informovala"
)
_KIND = r"(?:(?:агентств[оауі]|агенція|агенції|видання|издание|издания|Nachrichtenagentur|agencja|agencji|agence|agencia|agenzia|agentura|the news agency|news agency) )?"
_BEFORE = re.compile(rf"(?<!\w)(?:{_SAYS})\s*{_KIND}{_QUOTE}(?:{_ANY}){_AFTER}", re.IGNORECASE)
_THEN = re.compile(
    rf"(?<![\w-])(?:{_ANY}){_AFTER}[»“”\"'’]?,? (?:reports|reported|said|wrote|writes|повідомляє|пише|сообщает|пишет|передает|berichtet|meldet|podaje|informuje|donosi|rapporte|informa)(?!\w)"
)
_JAPANESE = re.compile(rf"(?:{_ANY})(?:など)?(?:が|は|によると)[^。\n]{{0,12}}(?:報じ|伝え|、|報道)")
_LAST = re.compile(rf"(?:^|\n)\s*(?:Source|Quelle|Źródło|Джерело|Источник|Fuente|Fonte)\s*:\s*{_QUOTE}(?:{_ANY}){_AFTER}", re.IGNORECASE)


def origin(text: str, host: str) -> str:
    """Return who stands behind a report: the agency or outlet that it credits, else the site that prints it.

    :param text: the article's text. ``host``: of its URL; "" gives "" where nobody is credited.
    """
    head, end = text[:HEAD], text[-END:] if len(text) > HEAD else ""
    site = site_of(host)
    if not _NAMED.search(head) and not _NAMED.search(end):  # most texts, at a tenth of the cost
        return _SITES.get(site, site)
    named = {_AGENCIES[_which(found)][0] for pattern in (_DATELINE, _BEFORE, _THEN, _JAPANESE) for found in pattern.finditer(head)}
    named |= {_AGENCIES[_which(found)][0] for pattern in (_DATELINE, _LAST) for found in pattern.finditer(end)}
    if "Interfax-Ukraine" in named:
        named.discard("Interfax")
    if len(named) == 1:
        return named.pop()
    return _SITES.get(site, site)


def is_official(host: str) -> bool:
    """Whether a host is a government's, a parliament's, an army's, or an international organisation's."""
    return bool(_OFFICIAL.search(host))


_OFFICIAL = re.compile(
    r"(?:^|\.)(?:gov|mil|gouv|gob|go|gv|government)(?:\.[a-z]{2})?$|\.(?:gov|mil|int)$|(?:^|\.)(?:europa\.eu|bund\.de|bundesregierung\.de|bundestag\.de|gc\.ca|admin\.ch|kremlin\.ru|un\.org)$"
)


def _which(found: re.Match[str]) -> int:
    return next(int(name[1:]) for name, value in found.groupdict().items() if value is not None)
