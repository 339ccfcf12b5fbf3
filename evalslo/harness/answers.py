"""Answers as a scorer saw them, and whether labels of another run are of these very answers."""

import hashlib
from collections import Counter
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.labels import Labels
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.suite import Suite

Key = tuple[str, int]


class AnswerSeen(Struct, frozen=True, kw_only=True):
    """One answer as its scorer saw it; `contexts` None: it has none."""

    query: GoldenQuery
    repeat: int
    answer: str
    contexts: tuple[Context, ...] | None

    @property
    def digest(self) -> str:
        """`sha256:...` over the answer and its contexts: of the same digest, the same was judged."""
        seen = (self.answer, None if self.contexts is None else [(one.id, one.text) for one in self.contexts])
        data = ascii(seen).encode()  # strangers may send what UTF-8 cannot hold
        return f"sha256:{hashlib.sha256(data).hexdigest()}"


def answer_seen(query: GoldenQuery, sample: Sample, *, suite: Suite) -> AnswerSeen | None:
    """The answer in `sample` with its contexts, by the suite's `contexts_from`; None for a call without an answer."""
    if sample.response.answer is None:
        return None
    contexts = _contexts(query, sample, suite=suite)
    return AnswerSeen(query=query, repeat=sample.repeat, answer=sample.response.answer, contexts=contexts)


def _contexts(query: GoldenQuery, sample: Sample, *, suite: Suite) -> tuple[Context, ...] | None:
    match suite.endpoint.contexts_from:
        case "golden":
            return query.contexts
        case "response":
            return sample.response.contexts
    return query.contexts if sample.response.contexts is None else sample.response.contexts


class LabelledElsewhere:
    """Watches a run's answers and scores pass by; afterwards, the labels, those of the same answers taken for the run's own.

    A recording that is scored anew is another run of the same answers. Labels count as this run's where every labelled
    answer is this run's, contexts included, and as many answers have a value: who drew them drew from these.
    """

    def __init__(self, labels: Mapping[str, Labels], *, suite: Suite, run_id: str) -> None:
        self._labels, self._suite, self._run_id = labels, suite, run_id
        of_others = [one for one in labels.values() if one.run_id != run_id]
        self._watched = {(one.query_id, one.repeat) for labels in of_others for one in labels.answers}
        self._digests: dict[Key, str] = {}
        self._scored: Counter[str] = Counter()

    def take(self, query: GoldenQuery, sample: Sample) -> None:
        """One of the run's samples."""
        key = (sample.query_id, sample.repeat)
        if key in self._watched and (seen := answer_seen(query, sample, suite=self._suite)) is not None:
            self._digests[key] = seen.digest

    def take_score(self, score: Score) -> None:
        """One of the run's scores."""
        if score.value is not None and score.sli in self._labels:
            self._scored[score.sli] += 1

    def labels(self) -> Mapping[str, Labels]:
        """By the text of the SLI, as they were given."""
        return {sli: self._owned(one) for sli, one in self._labels.items()}

    def _owned(self, labels: Labels) -> Labels:
        same = all(self._digests.get((one.query_id, one.repeat)) == one.digest for one in labels.answers)
        if labels.run_id == self._run_id or not same or labels.scored != self._scored[labels.sli]:
            return labels
        return replace(labels, run_id=self._run_id)
