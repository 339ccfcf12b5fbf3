"""Slices: the golden queries of one tag value, and objectives that must hold in each of them.

Whatever an objective of a slice says (planned, n, clusters, coverage, bounds) it says of the slice's queries alone.
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from evalslo.errors import Fault, FileFaults
from evalslo.loaders.telling import quoted
from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective, Slice
from evalslo.model.scorecard import Observation
from evalslo.model.suite import Suite

LANGUAGE = "language"
MOST_SLICES = 50  # a tag with more values is no set of classes, and each slice would have few queries
LONGEST_NAME = 100  # a longer tag or value is prose; values come from strangers and stand in ids
TAGS_TOLD = 8

Item = TypeVar("Item")


def labels_of(query: GoldenQuery) -> Mapping[str, str]:
    """The tags of a query that have a value, its language among them; the column `language` wins over a tag of that name."""
    tags = {tag: value for tag, value in query.tags.items() if value}
    return {**tags, LANGUAGE: query.language} if query.language else tags


def value_of(query: GoldenQuery, tag: str) -> str | None:
    """The query's value of one tag, as in `labels_of`; None where it has none."""
    return (query.language if tag == LANGUAGE else None) or query.tags.get(tag) or None


def queries_of(objective: Objective, queries: Sequence[GoldenQuery]) -> Sequence[GoldenQuery]:
    """Those of `queries` that the objective speaks of: the ones in its slice, or all."""
    found = objective.slice
    return queries if found is None else [query for query in queries if value_of(query, found.tag) == found.value]


def queries_of_each(
    objectives: Sequence[Objective], queries: Sequence[GoldenQuery]
) -> list[tuple[Objective, Sequence[GoldenQuery]]]:
    """Each objective with its `queries_of`, made in one pass a tag and not in one a slice."""
    parts = {tag: _by_value(queries, [value_of(one, tag) for one in queries]) for tag in _tags(objectives)}
    return [
        (one, queries if one.slice is None else parts[one.slice.tag].get(one.slice.value, ())) for one in objectives
    ]


def observations_of(
    objective: Objective, observations: Sequence[Observation], *, queries: Sequence[GoldenQuery]
) -> Sequence[Observation]:
    """Those of `observations` that belong to the objective's slice, or all."""
    if objective.slice is None:
        return observations
    inside = {query.id for query in queries_of(objective, queries)}
    return [one for one in observations if one.query_id in inside]


def observations_of_each(
    objectives: Sequence[Objective], observed: Mapping[str, Sequence[Observation]], *, queries: Sequence[GoldenQuery]
) -> dict[str, Sequence[Observation]]:
    """The `observations_of` each objective by its id, made in one pass an SLI and tag and not in one a slice.

    `observed` are the observations of each SLI by its text.
    """
    values = {tag: {query.id: value_of(query, tag) for query in queries} for tag in _tags(objectives)}
    divided = {(str(one.sli), one.slice.tag) for one in objectives if one.slice is not None}
    parts = {
        (sli, tag): _by_value(observed[sli], [values[tag].get(one.query_id) for one in observed[sli]])
        for sli, tag in divided
    }
    return {
        one.id: observed[str(one.sli)]
        if one.slice is None
        else parts[str(one.sli), one.slice.tag].get(one.slice.value, ())
        for one in objectives
    }


def _tags(objectives: Sequence[Objective]) -> dict[str, None]:
    """The tags that the objectives are sliced by, in their order."""
    return dict.fromkeys(one.slice.tag for one in objectives if one.slice is not None)


def _by_value(items: Sequence[Item], values: Sequence[str | None]) -> dict[str | None, list[Item]]:
    parts: dict[str | None, list[Item]] = {}
    for item, value in zip(items, values, strict=True):
        parts.setdefault(value, []).append(item)
    return parts


def with_slices(suite: Suite, queries: Sequence[GoldenQuery]) -> Suite:
    """The suite with one objective a slice in place of each that has a `per`. Raises FileFaults where one has no slices."""
    sliced, faults = divide(suite, queries)
    if faults:
        raise FileFaults(faults)
    return sliced


def divide(suite: Suite, queries: Sequence[GoldenQuery]) -> tuple[Suite, tuple[Fault, ...]]:
    """The suite with one objective a slice, and a fault for each whose tag does not divide the queries: that one stays."""
    faults = tuple(
        _fault(suite, objective, message)
        for objective in suite.objectives
        if objective.per is not None and (message := _misfit(objective.per, queries)) is not None
    )
    return replace(suite, objectives=expand(suite.objectives, queries)), faults


def expand(objectives: Sequence[Objective], queries: Sequence[GoldenQuery]) -> tuple[Objective, ...]:
    """The objectives, one a value in the order of the values in place of each that has a `per`.

    An objective whose tag does not divide the queries stays as it is.
    """
    return tuple(one for objective in objectives for one in _expanded(objective, queries))


def id_in_file(objective: Objective) -> str:
    """The id that all slices of one objective share: what the suite file calls it."""
    return objective.id if objective.slice is None else objective.id.removesuffix(_suffix(objective.slice))


def untagged(objectives: Sequence[Objective], queries: Sequence[GoldenQuery]) -> Iterator[str]:
    """A sentence for each tag that the objectives are sliced by and that some of the golden queries do not have."""
    for tag in _tags(objectives):
        outside = sum(value_of(query, tag) is None for query in queries)
        if outside:
            have = "has" if outside == 1 else "have"
            yield f"{outside} of {len(queries)} golden queries {have} no {quoted(tag)}: in no slice of it"


def _expanded(objective: Objective, queries: Sequence[GoldenQuery]) -> Iterator[Objective]:
    if objective.per is None or _misfit(objective.per, queries) is not None:
        yield objective
        return
    for value in sorted(_values(objective.per, queries)):
        part = Slice(tag=objective.per, value=value)
        yield replace(objective, id=objective.id + _suffix(part), per=None, slice=part)


def _values(tag: str, queries: Sequence[GoldenQuery]) -> Counter[str]:
    return Counter(value for query in queries if (value := value_of(query, tag)) is not None)


def _misfit(tag: str, queries: Sequence[GoldenQuery]) -> str | None:
    """Why `tag` does not divide the queries into slices; None where it does."""
    values = _values(tag, queries)
    if not values:
        return f"per: no golden query has the tag {quoted(tag)}; {_known_tags(tag, queries)}"
    if len(values) > MOST_SLICES:
        return (
            f"per: found {len(values)} values of {quoted(tag)} in the golden set; wanted {MOST_SLICES} at most: "
            f"slice by a tag with fewer values"
        )
    longest = max(values, key=len)
    if len(longest) > LONGEST_NAME:
        return (
            f"per: found a value of {quoted(tag)} with {len(longest):,} characters, {quoted(longest)}; wanted "
            f"{LONGEST_NAME} at most: slice by a tag whose values are names"
        )
    return None


def _known_tags(tag: str, queries: Sequence[GoldenQuery]) -> str:
    """The tags that there are, the most frequent first, and the one that is nearest to `tag`."""
    counted = Counter(name for query in queries for name in labels_of(query) if len(name) <= LONGEST_NAME)
    names = [name for name, _ in counted.most_common(MOST_SLICES)]
    near = difflib.get_close_matches(tag[:LONGEST_NAME], names, n=1)
    meant = f"did you mean {quoted(near[0])}? Known" if near else "known"
    further = f" and {len(counted) - TAGS_TOLD} more" if len(counted) > TAGS_TOLD else ""
    return f"{meant}: {', '.join(map(quoted, names[:TAGS_TOLD])) or 'none'}{further}"


def _fault(suite: Suite, objective: Objective, message: str) -> Fault:
    place = objective.place
    return Fault(
        file=place.file if place else suite.file,
        line=place.line if place else None,
        where=objective.id,
        message=message,
    )


def _suffix(part: Slice) -> str:
    """The slice as the end of an id: no two slices alike, and nothing in it that could move a cursor."""
    return f"[{_escaped(part.tag, also='=')}={_escaped(part.value)}]"


def _escaped(text: str, *, also: str = "") -> str:
    kept = (letter.isprintable() and letter not in f"\\{also}" for letter in text)
    return "".join(letter if plain else f"\\U{ord(letter):08x}" for letter, plain in zip(text, kept, strict=True))
