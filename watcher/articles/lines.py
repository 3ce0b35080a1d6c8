"""Lines of an extracted text that are not the article's: credits, "read also", sharing, sign-up, error reports, consent.

A line is dropped only when it is short and one of the patterns below takes it from its beginning or as a whole; a sentence *about*
cookies or newsletters stays. Patterns are grouped by what they are about; each group has its languages in one place.
"""

from __future__ import annotations

import re

SHORT = 220  # characters; a longer line is a paragraph
CREDIT = 120

_OTHERS = re.compile(
    r"^\W*(?:(?:read|see|watch) (?:also|more|next)|also read|read this (?:also|next)|more (?:on|from|about) [^.!?]{2,40}|related(?: (?:articles?|stories|news|posts?|topics?|links?))?|you (?:may|might) also (?:like|be interested in)|"
    r"recommended(?: (?:for you|articles?|stories))?|most (?:read|popular)|latest (?:news|stories)|more (?:news|stories)|further reading|don'?t miss|"
    r"читайте (?:також|також про|ще|нас)|також читайте|дивіться також|за темою|схожі (?:новини|статті)|популярн[еі](?: новини)?|останні новини|новини за темою|"
    r"читайте (?:также|ещ[её]|нас)|смотрите также|по теме|похожие (?:новости|статьи|материалы)|популярн(?:ое|ые)|материалы по теме|последние новости|"
    r"czytaj (?:też|także|również|więcej)|zobacz (?:też|także|również|więcej)|przeczytaj (?:też|także|również)|polecamy|powiązane(?: artykuły)?|"
    r"lesen sie (?:auch|mehr|hier)|auch interessant|mehr zum thema|zum thema|weitere (?:artikel|nachrichten|meldungen)|das könnte (?:sie|dich) auch interessieren|"
    r"あわせて読みたい|合わせて読みたい|関連記事|関連ニュース|関連リンク|関連トピック|こちらもおすすめ|おすすめ記事|人気記事|アクセスランキング|【関連】)\s*(?P<rest>[::：\-–—»>].*|\W*)$",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"^\W*(?:(?:photo(?:graph)?s?|images?|picture|pic|video|illustration|graphic|cover|featured image|file photo)(?: credits?| by| courtesy(?: of)?| source)?\s*[::/©|]|(?:photo|image|picture) (?:by|credit|courtesy)\b|©|credit\s*:|source\s*:\s*(?:getty|reuters|ap|afp|epa)|"
    r"(?:фото|відео|ілюстраці[яї]|зображення|скріншот|видео|иллюстраци[яи]|изображение|скриншот|колаж|коллаж)(?: з (?:відкритих джерел|архіву)[^.]{0,40})?\s*[::/©|]|(?:foto|fot\.|zdj\.|zdjęcie|wideo|bild|bildquelle|quelle|symbolbild|fotoquelle)\s*[::/©|]|写真\s*[::：=＝/／]|撮影\s*[::：=＝/／]|画像\s*[::：=＝/／]|提供\s*[::：=＝/／])",
    re.IGNORECASE,
)
_CREDITED = re.compile(
    r"(?:getty images|shutterstock|istock|pool photo via ap|/\s?ap\b|ap photo|\(ap\)|afp via getty|/\s?reuters|/\s?afp|/\s?epa|unsplash|depositphotos|укрінформ|униан|уніан|picture alliance|/\s?dpa|imago images|共同通信|時事通信|アフロ)\W*$",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"(?:ctrl\s*\+\s*enter|found an? (?:typo|error|mistake|spelling)|spelling error report|report an? (?:typo|error|mistake)|following text will be sent to our editors|"
    r"помилк[уи][^.]{0,60}(?:виділіть|натисніть)|виділіть (?:її|помилку|текст|фрагмент)|(?:ошибк[уи]|опечатк[уи])[^.]{0,60}(?:выделите|нажмите)|выделите (?:ее|её|ошибку|текст|фрагмент)|текст (?:буде надіслано|будет отправлен)|"
    r"zaznacz (?:błąd|tekst|fragment)|fehler (?:gefunden|entdeckt)|誤字[^。]{0,30}報告|"
    r"(?:sign up|subscribe|register) (?:for|to|here|now)[^.]{0,60}(?:newsletter|e-?mail|inbox|updates|alerts|channel|telegram)|get (?:the|our)[^.]{0,50}(?:newsletter|in your inbox|delivered)|delivered (?:straight |directly )?to your inbox|"
    r"(?:підпис(?:уйтесь|уйтеся|атися|ка)|підпишіться|долучайтесь)[^.]{0,60}(?:телеграм|telegram|канал|розсилк|viber|youtube|google|соцмереж|facebook|новини)|(?:подпис(?:ывайтесь|аться|ка)|подпишитесь)[^.]{0,60}(?:телеграм|telegram|канал|рассылк|viber|youtube|google|соцсет|дзен|новости)|"
    r"(?:zapisz się|zapisz się na|subskrybuj)[^.]{0,40}(?:newsletter|kanał)|newsletter (?:abonnieren|bestellen)|(?:abonnieren|melden) sie[^.]{0,50}newsletter|メールマガジン|メルマガ|ニュースレター[^。]{0,20}登録|"
    r"(?:this (?:web)?site|we|our (?:web)?site)[^.]{0,30} uses? cookies|by (?:continuing|using)[^.]{0,60}cookies|accept (?:all )?cookies|(?:cookie|privacy) (?:settings|preferences|policy)\W*$|(?:сайт|ми|мы) використову[^.]{0,30}cookie|(?:сайт|мы) использу[^.]{0,30}cookie|(?:strona|serwis|witryna)[^.]{0,30}(?:cookie|ciastecz)|verwende[nt][^.]{0,30}cookies|クッキー[^。]{0,20}(?:使用|利用)して|"
    r"all rights reserved|copyright ©|вс[іе] права (?:захищені|защищены)|wszelkie prawa zastrzeżone|alle rechte vorbehalten|無断転載|無断複製)",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"^\W*(?:advertisement|advertising|sponsored(?: content)?|ad|реклама|reklama|anzeige|werbung|広告|スポンサーリンク|\[?pr\]?|fbpx|"
    r"share(?: (?:this|on|via|with)[^.]{0,40})?|tweet|pin it|print|e-?mail|facebook|twitter|telegram|whatsapp|linkedin|copy link|link copied[!]?|follow us(?: on)?[^.]{0,40}|поділитися|поширити|поделиться|udostępnij|podziel się|teilen|drucken|シェア(?:する)?|ツイート|"
    r"comments?(?: \(\d+\))?|leave a (?:comment|reply)|коментарі|комментарии|komentarze|kommentare|コメント|loading\W*|skip to (?:main )?content|back to top|close|закрити|закрыть|"
    r"\d+ (?:comments?|shares?|views?|likes?)|\d+ min(?:ute)?s? read)\W*$",
    re.IGNORECASE,
)


def announces_others(text: str) -> bool:
    """Whether a short text is a heading over links to other articles, with nothing of its own."""
    found = _OTHERS.match(" ".join(text.split()))
    return found is not None and len(found["rest"].strip(" :：-–—»>")) == 0


def points_elsewhere(text: str) -> bool:
    """Whether a short text begins like "Read also:", whatever follows."""
    return _OTHERS.match(" ".join(text.split())) is not None


def is_furniture(line: str) -> bool:
    """Whether a line of extracted text is not the article's."""
    line = line.strip()
    if not line or len(line) > SHORT:
        return False
    if len(line) <= CREDIT and (_CREDIT.match(line) or _CREDITED.search(line)):
        return True
    return bool(_OTHERS.match(line) or _ALONE.match(line) or _WHOLE.search(line))


def tidy(text: str, *, title: str = "") -> str:
    """Return the text without such lines, blank lines and bullets, and without its title as the first line."""
    kept: list[str] = []
    for raw in text.splitlines():
        line = raw.strip().removeprefix("- ")
        if not line or is_furniture(line) or (not kept and title and _bare(line) == _bare(title)):
            continue
        kept.append(line)
    return "\n".join(kept)


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
