"""Words that carry no topic: articles, pronouns, prepositions, auxiliaries. A rule that looks for one of them finds everything.

The commonest few dozen of each language that news comes in, as any grammar lists them; not a vocabulary. Folded.
"""

from __future__ import annotations

from watcher.text.fold import fold

_BY_LANGUAGE = {
    "en": """a about after all also an and any are as at be because been before being between both but by can could did do does down during each
        even few for from further get got had has have having he her here him his how if in into is it its just last like made make many may me
        might more most much must my new no nor not now of off on one only or other our out over own said same say says she should since so some
        still such than that the their them then there these they this those through time to too two under until up us very was way we well were
        what when where which while who whom why will with would year years yet you your first back day days including according""",
    "de": """aber alle als am an auch auf aus bei bin bis da damit dann das dass dem den der des die dies diese dieser doch du durch ein eine
        einem einen einer er es für gegen haben hat hatte ich ihr im in ist kann mehr mit nach nicht noch nur oder schon sein seine sich sie sind
        so über um und unter uns vom von vor war was wenn werden wie wir wird wurde zu zum zur zwischen""",
    "fr": """au aussi aux avec ce ces cette comme dans de des du elle en est et eux il ils je la le les leur lui mais même ne nous on ont ou par
        pas plus pour qu que qui sa sans se ses son sont sur un une vous été être""",
    "es": """al con como de del el en entre es esta este fue ha han la las lo los más no para pero por que se sin sobre son su sus un una y ya""",
    "it": """al alla anche che chi con come da dal dei del della di e gli ha hanno il in la le lo ma nel non per più se si sono su un una""",
    "pl": """a ale bez by być był była było co czy dla do gdy i ich ja jak jako jego jej jest już który która które ma na nad nie o od oraz po
        pod przed przez przy się są ta tak także te tego tej ten to tym w we z za ze że""",
    "cs": """a aby ale ani by být bylo co do i jak jako je jeho jen jsou k která které který na ne o od po pro při s se si ta to tak u v ve z za že""",
    "uk": """а але без був була було в вже від він вона вони воно до для за з зі і й із її їх його як який яка яке які на не ні про по при та так також
        те ти то у це цей ця ці чи що щоб я""",
    "ru": """а без был была были было в вам вас весь во вот все всё вы где да для до его ее её если есть еще ещё же за и из или им их к как когда которая
        которые который кто ли на над не нет ни но о об он она они от по под при про с со так также то тот у уже что чтобы это эта этот я""",
}

WORDS: dict[str, str] = {fold(word).text: language for language, text in reversed(_BY_LANGUAGE.items()) for word in text.split()}
"""Each word with a language that it belongs to."""


def language_of(word: str) -> str | None:
    """Return a language in which ``word`` is a function word, or None."""
    return WORDS.get(fold(word).text.strip())
