"""A language model's verdicts on an answer, its quotes checked: the scorer, pure. It asks nobody: replies are handed in."""

from collections.abc import Mapping, Sequence
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from evalslo.errors import UsageError
from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.judging import Question, Replies
from evalslo.model.sample import Sample
from evalslo.model.score import Evidence, Missing, Score
from evalslo.model.sli import Sli, SliSpec
from evalslo.model.suite import ScorerChoice
from evalslo.scorers import judge_questions
from evalslo.scorers.claim_slis import CLAIM_SLIS, claim_value
from evalslo.scorers.claims import Sentence
from evalslo.scorers.judge_cascade import decided_by_quoting
from evalslo.scorers.judge_faults import reply_fault
from evalslo.scorers.judge_replies import read_grade, read_verdicts
from evalslo.scorers.judge_rubric import rubric_question
from evalslo.scorers.judge_verdicts import check_verdict, fold_all
from evalslo.scorers.judge_votes import Heard, elect_grade, elect_table, elect_yes, hear
from evalslo.scorers.outcome import Outcome, to_score
from evalslo.scorers.ranking import contexts_of
from evalslo.scorers.rubrics import GRADED, RUBRIC

LONGEST_BEGINNING = 200
"""Characters of an answer that stand for it in the evidence of a grade."""

_KNOWS = "self_knowledge"


class ClaimTable(Struct, frozen=True, kw_only=True):
    """The claims of one answer with their verdicts; `missing` and `note` say why there are none.

    `reference_note` says why nothing is known of the reference, although a judge was asked.
    """

    evidence: tuple[Evidence, ...] = ()
    missing: Missing | None = None
    note: str | None = None
    reference_note: str | None = None


class Judge(Struct, frozen=True):
    """One judge, a panel, or a cascade: judges only where the contexts' own words do not decide.

    `digest` is over all of the judges that can change a verdict: their endpoints, how often each is asked.
    """

    choice: ScorerChoice
    replies: Replies
    digest: str
    slis: tuple[SliSpec, ...] = (*CLAIM_SLIS.values(), *GRADED.values())

    @property
    def name(self) -> str:
        """`judge:strong`, `panel:a+b`, `cascade:strong`."""
        kind = "cascade" if self.choice.cascade else "judge" if len(self.choice.judges) == 1 else "panel"
        return f"{kind}:{'+'.join(self.choice.judges)}"

    @property
    def version(self) -> str:
        """The prompts', the splitter's and the judges': each can change a score."""
        return f"{judge_questions.PROMPT_VERSION}+sentencex.{_splitter_version()}+{self.digest}"

    def questions(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Question]:
        """What each of the judges must be asked so that `score` can speak; [] where nothing is to be judged."""
        if sample.response.answer is None:
            return []
        names = {sli.name for sli in slis}
        sentences = judge_questions.read_sample(query, sample) if names & CLAIM_SLIS.keys() else []
        asked = [
            judge_questions.context_question(
                query, sample, sentences=sentences, decided=self._decided(query, sample, sentences)
            ),
            judge_questions.reference_question(query, sample, sentences=sentences) if _KNOWS in names else None,
            *(rubric_question(sli, query, sample) for sli in slis if sli.name in GRADED),
        ]
        return [one for one in asked if one is not None]

    def hearing(self, replies: Replies) -> "Judge":
        """The same scorer, with other replies to its questions."""
        return replace(self, replies=replies)

    def fault_of(self, question: Question, reply: str) -> str | None:
        """Why a reply to one of its questions cannot be read, in words; None where it can."""
        return reply_fault(question, reply)

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`; `judge_error` with a note where replies are missing, failed or unreadable.

        Raises UsageError for a `task_success` that a function checks.
        """
        names = {sli.name for sli in slis}
        table = self._table(query, sample, slis=slis) if names & CLAIM_SLIS.keys() else ClaimTable()
        return [
            self._grade(query, sample, sli=sli) if sli.name in GRADED else self._claims(table, sample, sli=sli)
            for sli in slis
        ]

    def _decided(self, query: GoldenQuery, sample: Sample, sentences: Sequence[Sentence]) -> Mapping[int, Evidence]:
        """The claims that need no judge, by their places in `sentences`."""
        if not self.choice.cascade:
            return {}
        return decided_by_quoting(sentences, judge_questions.with_text(contexts_of(query, sample)))

    def _table(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> ClaimTable:
        contexts = contexts_of(query, sample)
        if contexts is None:
            return ClaimTable(missing=Missing.NO_CONTEXTS)
        sentences = judge_questions.read_sample(query, sample)
        decided = self._decided(query, sample, sentences)
        question = judge_questions.context_question(query, sample, sentences=sentences, decided=decided)
        places = judge_questions.asked_about(sentences, decided=decided)
        claims = [sentences[place].text for place in places]
        heard = self._hear(question, claims, judge_questions.with_text(contexts), language=query.language)
        if heard.note is not None:
            return ClaimTable(missing=Missing.JUDGE_ERROR, note=heard.note)
        judged = elect_table(heard) if heard.by_judge else [_without_context(claim) for claim in claims]
        evidence = _in_order(sentences, {**decided, **dict(zip(places, judged, strict=True))})
        if not any(sli.name == _KNOWS for sli in slis):
            return ClaimTable(evidence=evidence)
        return self._with_references(query, sample, sentences=sentences, evidence=evidence)

    def _with_references(
        self, query: GoldenQuery, sample: Sample, *, sentences: Sequence[Sentence], evidence: tuple[Evidence, ...]
    ) -> ClaimTable:
        question = judge_questions.reference_question(query, sample, sentences=sentences)
        places = judge_questions.asked_about(sentences)
        claims = [sentences[place].text for place in places]
        heard = self._hear(question, claims, judge_questions.references(query), language=query.language)
        if not heard.by_judge:
            return ClaimTable(evidence=evidence, reference_note=heard.note)
        known = dict(zip(places, elect_table(heard), strict=True))
        return ClaimTable(
            evidence=tuple(
                replace(one, in_reference=known[place].verdict == "supported") if place in known else one
                for place, one in enumerate(evidence)
            )
        )

    def _hear(
        self, question: Question | None, claims: Sequence[str], contexts: Sequence[Context], *, language: str | None
    ) -> Heard[list[Evidence]]:
        """The readable votes on `claims`, their quotes checked; neither votes nor a note where nothing was to be asked."""
        if question is None:
            return Heard(by_judge=())
        folded = fold_all(judge_questions.cut(contexts))

        def read(reply: str) -> list[Evidence]:
            said = read_verdicts(question, reply)
            return [
                check_verdict(one, claim, contexts=contexts, folded=folded, language=language)
                for one, claim in zip(said, claims, strict=True)
            ]

        return hear(question, self.replies, judges=self.choice.judges, read=read)

    def _claims(self, table: ClaimTable, sample: Sample, *, sli: Sli) -> Score:
        outcome, note = _of_claims(table, sli=sli.name)
        scorer = f"{self.name}/{self.version}"
        return replace(to_score(outcome, sample, sli=sli, scorer=scorer, evidence=table.evidence), note=note)

    def _grade(self, query: GoldenQuery, sample: Sample, *, sli: Sli) -> Score:
        question, scorer = rubric_question(sli, query, sample), f"{self.name}/{self.version}"
        if question is None:
            raise UsageError(f"{sli}: a function checks it, and no judge")
        heard = hear(question, self.replies, judges=self.choice.judges, read=lambda reply: read_grade(question, reply))
        if not heard.by_judge:
            return replace(to_score(Missing.JUDGE_ERROR, sample, sli=sli, scorer=scorer), note=heard.note)
        grade = elect_grade(heard) if sli.name == RUBRIC.name else elect_yes(heard)
        beginning = (sample.response.answer or "")[:LONGEST_BEGINNING]
        evidence = Evidence(
            claim=beginning, verdict="supported" if grade.value == 1 else "unsupported", reason=grade.reason
        )
        return to_score(grade.value, sample, sli=sli, scorer=scorer, evidence=(evidence,))


def _of_claims(table: ClaimTable, *, sli: str) -> tuple[Outcome, str | None]:
    if table.missing is not None:
        return table.missing, table.note
    if sli == _KNOWS and table.reference_note is not None:
        return Missing.JUDGE_ERROR, table.reference_note
    return claim_value(table.evidence, sli=sli), None


def _without_context(claim: str) -> Evidence:
    return Evidence(claim=claim, verdict="unsupported", reason="there is no context")


def _in_order(sentences: Sequence[Sentence], verdicts: Mapping[int, Evidence]) -> tuple[Evidence, ...]:
    return tuple(
        verdicts.get(place) or Evidence(claim=one.text, verdict="not_a_claim", reason=one.not_a_claim)
        for place, one in enumerate(sentences)
    )


@cache
def _splitter_version() -> str:
    from importlib.metadata import version  # slow to import, and only scoring needs it

    return version("sentencex")
