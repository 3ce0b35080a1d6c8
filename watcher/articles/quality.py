"""Whether an extracted text is the article: ``ok``, or the reason why not. Pure; precision first.

A wrong "not ok" costs the article's text (the feed's is matched instead, and the alert says so); a wrong "ok" matches rubbish. So
each verdict needs a text that is short for an article *and* says what it is.

======================  ============================================================
``empty``               no text at all
``js_only``             the page asks for a browser that runs scripts
``blocked``             a bot check or "access denied" in place of the page
``soft_404``            "not found" with status 200
``cookie_wall``         mostly words of consent
``paywall``             the beginning, then an offer to subscribe or log in
``list_page``           teasers of many articles
``short``               too little for any article
======================  ============================================================
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass

from lxml import html

from watcher.articles.metadata import Facts

SHORT = 60  # characters; a flash of one sentence is longer. A character of a script without spaces counts twice
NOTICE = 1200  # no notice is longer than this; nearly all articles are
WALL = 2500  # a consent dialog may be
MANY_CARDS = 5  # teasers that make a page a list
MAX_CARDS, CARD_DEPTH, CARD_SIZE, CARD_LINES = 100, 40, 2000, 300  # what is looked at: hostile pages have more of each

_JAVASCRIPT = re.compile(
    r"(?:enable|activate|turn on|requires?|without|needs?|allow) javascript|javascript (?:is|to be) (?:disabled|required|not enabled|enabled|turned off)|(?:please )?enable js\b"
    r"|(?:увімкніть|включите|включіть|włącz|aktivieren sie|activez) (?:бровзер[^.]{0,20})?javascript|javascript ?を有効|启用 ?javascript",
    re.IGNORECASE,
)
_BLOCKED = re.compile(
    r"^(?:just a moment|access denied|attention required|pardon our interruption|are you (?:a )?(?:human|robot)|robot check|security check|please verify|one more step|403 forbidden|forbidden|request blocked|ddos-guard|checking your browser)"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|unusual traffic from your|checking (?:if the site connection is secure|your browser before)|complete the captcha|you have been blocked|подтвердите, что вы не робот|підтвердьте, що ви не робот",
    re.IGNORECASE | re.MULTILINE,
)
_MISSING = re.compile(
    r"^\W*(?:(?:error|помилка|ошибка|błąd|fehler|エラー)\s*[:\-–]?\s*)?404\b|\b404\W+(?:not found|page not found|error|сторінк|страниц|nie znaleziono|seite)|(?:page|article|story|content|document) (?:you (?:are|were) looking for |you requested )?(?:was |is |could |can |cannot |does |has )?(?:not (?:be )?found|n[o']t exist|no longer (?:available|exists?)|been (?:removed|deleted|moved))"
    r"|сторінк[уаи] не (?:знайдено|існує)|страниц[аы] не (?:найдена|существует)|nie znaleziono strony|strona nie (?:została znaleziona|istnieje)|seite (?:wurde )?(?:leider )?nicht gefunden|ページ(?:が|は)見つかりません|お探しのページ|页面不存在|page introuvable|página no encontrada",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"\bcookies?\b|\bconsent\b|\bgdpr\b|privacy policy|legitimate interest|\bpartners\b|personal(?:ised|ized)? (?:data|ads?)|accept all|reject all|manage (?:options|preferences|settings)|\bvendors?\b"
    r"|файл(?:и|ів|ы|ов)? cookie|куки|персональн\w+ дан\w+|ciastecz\w*|plik\w* cookie|zgod[aęy]\b|przetwarzani\w+ danych|einwilligung|datenschutz|zustimm\w+|datenverarbeitung|クッキー|同意|個人情報",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"subscribe (?:now )?to (?:continue|read|unlock|access)|(?:to (?:continue|keep) reading|continue reading)[^.\n]{0,60}(?:subscri|register|log ?in|sign ?in|account)|already (?:a |an )?(?:subscriber|member)|(?:this|the) (?:article|story|content) is (?:only |exclusively )?(?:for|available (?:only )?(?:to|for)) (?:paid |our |registered )?(?:subscribers|members)"
    r"|subscribers? only|unlock (?:this|the) (?:article|story)|you(?:'ve| have) (?:reached|read) (?:your|all)[^.\n]{0,40}(?:limit|free articles)|log in to (?:read|continue)|start your (?:free )?trial"
    r"|(?:тільки|лише) для (?:перед)?платників|оформіть (?:перед)?плат|щоб (?:читати|прочитати) (?:далі|повністю)|только для подписчиков|оформите подписку|чтобы (?:читать|прочитать) (?:дальше|полностью)"
    r"|dostęp(?:ny|na)? (?:tylko )?dla (?:prenumeratorów|subskrybentów)|pozostało \d+ ?% (?:artykułu|tekstu)|jetzt (?:weiterlesen|abonnieren)|nur für abonnenten|mit (?:einem )?abo\b[^.\n]{0,30}lesen|weiterlesen mit|この(?:記事|コンテンツ)は[^。\n]{0,20}(?:会員|有料)|会員限定|有料会員|続きを読むには|残り\s*\d+\s*文字",
    re.IGNORECASE,
)
_WIDE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the whole page looks like: scripts, the texts of headings that are links, characters of text, and the text of ``noscript``.

    ``cards``: for each heading that leads to another page, the text around it that is its alone, without white space.
    """

    scripts: int = 0
    linked_headings: frozenset[str] = frozenset()
    text: int = 0
    noscript: str = ""
    cards: tuple[str, ...] = ()


def signs(tree: html.HtmlElement) -> Signs:
    """Count the signs of a page, before anything is removed from it."""
    linked = [heading for heading in tree.iter("h1", "h2", "h3", "h4") if _leads_away(heading)]
    heads = frozenset(" ".join(heading.text_content().split()) for heading in linked)
    bare = sum(len(part.strip()) for part in tree.xpath("//body//text()[not(parent::script or parent::style or parent::noscript)]"))
    noscript = " ".join(" ".join(element.itertext()) for element in tree.iter("noscript"))
    return Signs(
        scripts=sum(1 for _ in tree.iter("script")),
        linked_headings=heads,
        text=bare,
        noscript=noscript[:2000],
        cards=_cards(linked[:MAX_CARDS]),
    )


def judge(text: str, facts: Facts, signs: Signs) -> str:
    """Return ``ok`` or the reason why a text is not the article; see the table above."""
    size = len(text) + len(_WIDE.findall(text))
    if size < NOTICE:
        whole = f"{facts.title}\n{text}"
        if _MISSING.search(facts.title) or _MISSING.search(text[:400]):
            return "soft_404"
        if _BLOCKED.search(whole):
            return "blocked"
        if size < NOTICE / 2 and _JAVASCRIPT.search(text):
            return "js_only"
        if not text.strip():
            return "js_only" if _JAVASCRIPT.search(signs.noscript) or (signs.scripts >= 3 and signs.text < SHORT) else "empty"
        if _OFFER.search(text[-600:]) or (facts.free is False and size < NOTICE / 2):
            return "paywall"
    if size < WALL and len(_CONSENT.findall(text)) >= max(4, size / 120):
        return "cookie_wall"
    if facts.kind != "article" and (_all_teasers(text, signs.linked_headings) or _from_many_cards(text, signs.cards)):
        return "list_page"
    return "short" if size < SHORT else "ok"


def _all_teasers(text: str, headings: frozenset[str]) -> bool:
    """Whether a text consists of headings that lead elsewhere, each with hardly a paragraph."""
    lines = text.splitlines()
    long = sum(len(line) for line in lines if len(line) + len(_WIDE.findall(line)) >= 400)
    return sum(line in headings for line in lines) >= 4 and long < 0.2 * len(text)


def _cards(linked: list[html.HtmlElement]) -> tuple[str, ...]:
    """The text of the largest element around each heading that holds no other of them."""
    chains = [[heading, *itertools.islice(heading.iterancestors(), CARD_DEPTH)] for heading in linked]
    held = Counter(element for chain in chains for element in chain)
    alone = [[element for element in chain if held[element] == 1] for chain in chains]
    return tuple("".join(chain[-1].text_content().split())[:CARD_SIZE] for chain in alone if chain)


def _from_many_cards(text: str, cards: tuple[str, ...]) -> bool:
    """Whether nearly all of a text was gathered from beside many headings that lead elsewhere, and from no one of them most of it."""
    shares: Counter[int] = Counter()
    lines = ["".join(line.split()) for line in text.splitlines()[:CARD_LINES]]
    for line in lines:
        if (at := next((n for n, card in enumerate(cards) if line in card), None)) is not None:
            shares[at] += len(line)
    return len(shares) >= MANY_CARDS and shares.total() >= 0.8 * sum(map(len, lines)) and max(shares.values()) <= 0.5 * shares.total()


def _leads_away(heading: html.HtmlElement) -> bool:
    """Whether a heading as a whole is a link to another page, not to a part of its own, nor only has one beside it ("[edit]")."""
    if any(parent.tag == "a" and _away(parent) for parent in heading.iterancestors()):
        return True
    linked = sum(len(link.text_content()) for link in heading.iter("a") if _away(link))
    return 2 * linked > len(heading.text_content())


def _away(link: html.HtmlElement) -> bool:
    href: str = link.get("href", "#")
    return href.strip()[:1] != "#"
