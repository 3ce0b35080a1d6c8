"""What a rule could leave out, learnt from alerts that were marked ``noise`` or ``useful``.

Four kinds of proposals, each judged by the engine itself:

    exclude    words and phrases of noise that no useful article has                  NOT (…), none, an entity's rejects
    sections   parts of addresses (/sport/) under which all was noise                 NOT url:"…"
    sources    feeds that brought nothing but noise                                   NOT feed:"…"
    context    words of which every useful article has one, and little noise has      AND (…), an entity's requires

Care is taken not to learn from chance. A word must stand in at least three *stories* of noise (ten copies of one article are one story), in no
useful article and no ``must_match``; it must pass Fisher's exact test at a false discovery rate of 1 % among all that were tried; and it must
not be common in the archive at large: a word that a fiftieth of all articles has says nothing about noise. What a proposal does to
articles that it has not seen is estimated by cross-validation over stories: the whole search is run again on four fifths, and judged on the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from watcher.model import MatchInput, Rule
from watcher.rules import candidates, statistics
from watcher.rules.candidates import Candidate, Features

LEAST = 5  # marks of either kind
LEAST_STORIES = 3  # of noise that a candidate stands in
FALSE_DISCOVERIES = 0.01
COMMON = 0.02  # share of the archive above which a word says nothing
MOST_TERMS = 5  # of one proposal: a rule must stay readable, and each further term is more likely chance
LEAST_GAIN = 3  # stories of noise that one more term must catch
FOLDS = 5
COVERAGE = 0.99  # of the useful articles that a context must keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An article of a marked alert. ``story``: copies of one text count once."""

    article: MatchInput
    useful: bool
    story: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a proposal leaves of so many useful and noisy articles."""

    useful: int
    noise: int
    useful_kept: int
    noise_kept: int

    @property
    def precision(self) -> float:
        """The share of useful ones before."""
        return self.useful / (self.useful + self.noise) if self.useful + self.noise else 0.0

    @property
    def precision_after(self) -> float:
        """The share of useful ones that would be left."""
        kept = self.useful_kept + self.noise_kept
        return self.useful_kept / kept if kept else 0.0

    @property
    def lost(self) -> int:
        """Useful ones that would be gone."""
        return self.useful - self.useful_kept


@dataclass(frozen=True, slots=True)
class Support:
    """Why a term is proposed: in how many articles (and stories) of noise and in how many useful ones it stands, and how likely that is by chance."""

    term: str
    noise: int
    stories: int
    useful: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One change of a rule. ``clause``: what it adds, in our query language. ``labelled``: its effect on the marked articles; ``unseen``: on
    articles that the search had not seen, estimated. ``lost_at_most``: upper 95 % bound of the share of useful articles that it costs."""

    kind: str  # exclude | sections | sources | context
    supports: tuple[Support, ...]
    clause: str
    labelled: Effect
    unseen: Effect
    lost_at_most: float

    @property
    def recommended(self) -> bool:
        """Whether it helps on articles that it has not seen, and costs at most one in a hundred useful ones there."""
        return self.unseen.precision_after > self.unseen.precision and self.unseen.lost <= self.unseen.useful / 100


@dataclass(frozen=True, slots=True)
class Advice:
    """The proposals, best first; ``missing`` says why there are none, or what would help to have more."""

    proposals: tuple[Proposal, ...] = ()
    missing: str = ""
    useful: int = 0
    noise: int = 0


def suggest(rule: Rule, labelled: Sequence[Labelled], background: Sequence[MatchInput] = ()) -> Advice:
    """Return what the marked articles of a rule suggest.

    :param background: a sample of all articles, to know common words by; below 200 only a list of function words is known.
    """
    useful = sum(1 for each in labelled if each.useful)
    noise = len(labelled) - useful
    if useful < LEAST or noise < LEAST:
        return Advice(missing=_too_few(useful, noise), useful=useful, noise=noise)
    features = candidates.find(rule, [each.article for each in labelled], background)
    proposals = []
    for kind in ("exclude", "sections", "sources", "context"):
        search = _context if kind == "context" else _exclusion
        chosen = search(features.of_kind(kind), labelled)
        if chosen:
            proposals.append(_proposal(kind, chosen, features, labelled))
    kept = [proposal for proposal in proposals if proposal.labelled.precision_after > proposal.labelled.precision]
    kept.sort(key=lambda p: (not p.recommended, p.unseen.lost, -p.unseen.precision_after))
    missing = "" if kept else "nothing tells noise from useful articles beyond chance: mark more alerts, or say more in the rule by hand"
    return Advice(tuple(kept), missing, useful, noise)


def _too_few(useful: int, noise: int) -> str:
    wanted = [f"{LEAST - count} more marked {name}" for name, count in (("useful", useful), ("noise", noise)) if count < LEAST]
    return f"too few marks to tell chance from reason: {useful} useful and {noise} noise; expected at least {' and '.join(wanted)}"


# --- searching -----------------------------------------------------------------------------------------------------------


def _exclusion(features: Features, labelled: Sequence[Labelled]) -> list[Support]:
    """The terms that together catch most noise and no useful article."""
    noise = [(present, each.story) for present, each in zip(features.present, labelled, strict=True) if not each.useful]
    useful = [present for present, each in zip(features.present, labelled, strict=True) if each.useful]
    of_noise, of_useful = len({story for _, story in noise}), len({each.story for each in labelled if each.useful})
    counted: Counter[Candidate] = Counter(term for present, _ in noise for term in present)
    stories = _stories(noise)
    harmful = set().union(*useful) | features.forbidden if useful else features.forbidden
    tried = [term for term, held in stories.items() if len(held) >= LEAST_STORIES and not features.common(term, COMMON)]
    ranked = sorted((statistics.fisher(len(stories[term]), of_noise, int(term in harmful), of_useful), term) for term in tried)
    believed = {term: p for p, term in ranked[: statistics.discoveries([p for p, _ in ranked], FALSE_DISCOVERIES)] if term not in harmful}
    chosen: list[Support] = []
    left = {story for held in (stories[term] for term in believed) for story in held}
    while believed and len(chosen) < MOST_TERMS:
        best = max(believed, key=lambda term: (len(stories[term] & left), -believed[term], -len(term.text), term.text))
        if len(stories[best] & left) < LEAST_GAIN:
            break
        chosen.append(Support(best.clause, counted[best], len(stories[best]), 0, believed.pop(best)))
        left -= stories[best]
    return chosen


def _context(features: Features, labelled: Sequence[Labelled]) -> list[Support]:
    """The terms of which nearly every useful article has one; nothing where they cannot cover them, or noise has them too."""
    useful = [(present, each.story) for present, each in zip(features.present, labelled, strict=True) if each.useful]
    noise = [present for present, each in zip(features.present, labelled, strict=True) if not each.useful]
    stories, in_noise = _stories(useful), Counter(term for present in noise for term in present)
    of_useful = len({story for _, story in useful})
    tried = [term for term, held in stories.items() if len(held) >= LEAST_STORIES]
    ranked = sorted((statistics.fisher(len(stories[term]), of_useful, in_noise[term], len(noise)), term) for term in tried)
    believed = {term: p for p, term in ranked[: statistics.discoveries([p for p, _ in ranked], FALSE_DISCOVERIES)]}
    chosen: list[Support] = []
    left = {story for _, story in useful}
    while left and believed and len(chosen) < MOST_TERMS:
        best = max(believed, key=lambda term: (len(stories[term] & left) - in_noise[term], -believed[term], term.text))
        if not stories[best] & left:
            break
        chosen.append(Support(best.clause, in_noise[best], len(stories[best]), len(stories[best]), believed.pop(best)))
        left -= stories[best]
    return chosen if len(left) <= (1 - COVERAGE) * of_useful else []


def _stories(articles: Iterable[tuple[frozenset[Candidate], int]]) -> dict[Candidate, set[int]]:
    found: dict[Candidate, set[int]] = {}
    for present, story in articles:
        for term in present:
            found.setdefault(term, set()).add(story)
    return found


# --- judging --------------------------------------------------------------------------------------------------------------


def _proposal(kind: str, chosen: list[Support], features: Features, labelled: Sequence[Labelled]) -> Proposal:
    kept = [_kept(kind, chosen, present) for present in features.present]
    effect = _effect(labelled, kept)
    return Proposal(
        kind=kind,
        supports=tuple(chosen),
        clause=_clause(kind, chosen),
        labelled=effect,
        unseen=_cross_validated(kind, features, labelled),
        lost_at_most=statistics.upper_bound(effect.lost, effect.useful),
    )


def _cross_validated(kind: str, features: Features, labelled: Sequence[Labelled]) -> Effect:
    """The effect on each fifth of the stories of what the other four fifths suggest."""
    search = _context if kind == "context" else _exclusion
    order = {story: number % FOLDS for number, story in enumerate(dict.fromkeys(each.story for each in labelled))}
    kept = [True] * len(labelled)
    mine = features.of_kind(kind)
    for fold in range(FOLDS):
        train = [i for i, each in enumerate(labelled) if order[each.story] != fold]
        chosen = search(mine.rows(train), [labelled[i] for i in train])
        for i, each in enumerate(labelled):
            if order[each.story] == fold and chosen:
                kept[i] = _kept(kind, chosen, features.present[i])
    return _effect(labelled, kept)


def _kept(kind: str, chosen: Sequence[Support], present: frozenset[Candidate]) -> bool:
    """Whether an article passes a proposal."""
    found = not {support.term for support in chosen}.isdisjoint(term.clause for term in present)
    return found if kind == "context" else not found


def _effect(labelled: Sequence[Labelled], kept: Sequence[bool]) -> Effect:
    pairs = list(zip(labelled, kept, strict=True))
    return Effect(
        useful=sum(1 for each, _ in pairs if each.useful),
        noise=sum(1 for each, _ in pairs if not each.useful),
        useful_kept=sum(1 for each, keep in pairs if each.useful and keep),
        noise_kept=sum(1 for each, keep in pairs if not each.useful and keep),
    )


def _clause(kind: str, chosen: Sequence[Support]) -> str:
    terms = " OR ".join(support.term for support in chosen)
    grouped = f"({terms})" if len(chosen) > 1 else terms
    return grouped if kind == "context" else f"NOT {grouped}"


def patched(rule: Rule, proposal: Proposal) -> Rule:
    """Return the rule with the proposal in it: excluded words of a rule without a query join its ``none``, all else its query."""
    if proposal.kind == "exclude" and rule.query is None:
        return replace(rule, none_=(*rule.none_, *(candidates.plain(support.term) for support in proposal.supports)))
    if rule.query is None:
        return replace(rule, query=proposal.clause)
    joined = proposal.clause if proposal.kind != "context" else f"AND {proposal.clause}"
    return replace(rule, query=f"{candidates.grouped(rule.query)} {joined}")
