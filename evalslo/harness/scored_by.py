"""What scores each SLI of a suite: a scorer of its own, or judges."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from evalslo import plugins
from evalslo.errors import Fault
from evalslo.model.judging import Replies
from evalslo.model.protocols import JudgingScorer, Scorer
from evalslo.model.sample import Response
from evalslo.model.sli import Sli
from evalslo.model.suite import JudgeSpec, ScorerChoice, Suite
from evalslo.scorers.claim_slis import CLAIM_SLIS
from evalslo.store.judgements import Judgements, read_judgements
from evalslo.store.run_folder import RunFolder

_JUDGED = frozenset({"faithfulness", "hallucination", "contradiction", "self_knowledge", "rubric", "task_success"})
_ONLY_JUDGED = frozenset({"contradiction", "rubric", "task_success"})
_KNOWS = "self_knowledge"
_CHECK = "check"
_DIGEST_CHARS = 12


def slis_of(suite: Suite) -> list[Sli]:
    """Every SLI of the suite's objectives that samples are scored on, once; figures of the whole run are left out."""
    return list({str(one.sli): one.sli for one in suite.objectives if not suite.slis[one.sli.name].per_run}.values())


def judges_asked(suite: Suite) -> list[JudgeSpec]:
    """The judges that some objective rests on, in the order of the suite."""
    asked = {name for sli in slis_of(suite) if (choice := _choice(suite, sli)) for name in choice.judges}
    return [spec for name, spec in suite.judges.items() if name in asked]


def questions_an_answer(suite: Suite, judge: str) -> int:
    """The most questions that a judge is asked about one answer: its claims, its references, and each rubric."""
    asked = [sli.name for sli in slis_of(suite) if (choice := _choice(suite, sli)) and judge in choice.judges]
    claims = set(asked) & CLAIM_SLIS.keys()
    return bool(claims) + (_KNOWS in claims) + sum(name not in CLAIM_SLIS for name in asked)


def judgements_of(suite: Suite, folder: RunFolder) -> Judgements | None:
    """What the suite's judges have said of the run's answers; None where no objective rests on a judge."""
    asked = judges_asked(suite)
    if not asked:
        return None
    return Judgements(read_judgements(folder), who={spec.name: who_is(spec) for spec in asked})


def who_is(judge: JudgeSpec) -> str:
    """A digest of the judge's endpoint as the suite writes it."""
    return _short_digest(msgspec.to_builtins(judge.endpoint))


def scorers_by_sli(suite: Suite, *, judgements: Judgements | None = None) -> dict[str, Scorer]:
    """The scorer of each SLI by its text. `judgements` is what judges said; None: nothing yet."""
    judging: dict[ScorerChoice, JudgingScorer] = {}
    scorers: dict[str, Scorer] = {}
    for sli in slis_of(suite):
        choice = _choice(suite, sli)
        if _CHECK in sli.options:
            scorers[str(sli)] = _checked(suite, sli)
        elif choice is None:
            scorers[str(sli)] = plugins.scorers()[sli.name]
        elif not choice.judges:
            scorers[str(sli)] = _named(choice.scorer, sli) or plugins.scorers()[sli.name]
        else:
            if choice not in judging:
                judging[choice] = _judge(choice, suite, judgements)
            scorers[str(sli)] = judging[choice]
    return scorers


def judging_scorers(suite: Suite, *, judgements: Judgements) -> list[tuple[JudgingScorer, ScorerChoice, list[Sli]]]:
    """Each scorer that rests on judges, with the choice that made it and the SLIs that it scores."""
    groups: dict[ScorerChoice, list[Sli]] = {}
    for sli in slis_of(suite):
        choice = _choice(suite, sli)
        if choice is not None and choice.judges:
            groups.setdefault(choice, []).append(sli)
    return [(_judge(choice, suite, judgements), choice, slis) for choice, slis in groups.items()]


def scorer_versions(suite: Suite, *, judgements: Judgements | None = None) -> dict[str, str]:
    """`name/version` of the scorer of each SLI. A judge's has what was asked of whom, and who answered.

    By the SLI's name, and by its text where the suite chose: every k of a measure has one scorer, and each rubric its own.
    """
    found = scorers_by_sli(suite, judgements=judgements)
    named = {name_of(suite, sli): found[str(sli)] for sli in slis_of(suite)}
    return {name: f"{named[name].name}/{named[name].version}" for name in sorted(named)}


def name_of(suite: Suite, sli: Sli) -> str:
    """What an SLI's scorer is kept under in a fingerprint."""
    return sli.name if _choice(suite, sli) is None else str(sli)


def scorer_faults(suite: Suite) -> Iterator[Fault]:
    """A fault for each SLI whose scorer cannot measure it, or that needs a judge which the suite does not name."""
    for objective in suite.objectives:
        sli = objective.sli
        if message := _fault(suite, sli):
            line = objective.place.line if objective.place else None
            yield Fault(file=suite.file, line=line, where=objective.id, message=message)


def _fault(suite: Suite, sli: Sli) -> str | None:
    choice = _choice(suite, sli)
    if _needs_judge(sli) and (choice is None or (not choice.judges and _named(choice.scorer, sli) is None)):
        known = ", ".join(f"judge:{name}" for name in suite.judges) or "none is defined: add one to judges"
        return f"{sli} needs a judge; name it in scorers ({known})"
    if choice is None:
        return None
    if choice.judges:
        return None if _may_judge(sli) else f"a judge cannot measure {sli}; take it out of scorers"
    if _named(choice.scorer, sli) is None:
        able = f"{plugins.scorers()[sli.name].name}{' or a judge' if _may_judge(sli) else ''}"
        return f"the scorer {choice.scorer} does not measure {sli}; wanted {able}"
    return None


def _choice(suite: Suite, sli: Sli) -> ScorerChoice | None:
    """What the suite wants for an SLI; None: the one scorer that measures it."""
    said = suite.scorers.get(str(sli))
    if said is None and _may_judge(sli) and len(suite.judges) == 1:
        return ScorerChoice(scorer="judge", judges=tuple(suite.judges))
    return said


def _may_judge(sli: Sli) -> bool:
    return sli.name in _JUDGED and _CHECK not in sli.options


def _needs_judge(sli: Sli) -> bool:
    return sli.name in _ONLY_JUDGED and _CHECK not in sli.options


def _named(scorer: str, sli: Sli) -> Scorer | None:
    """The scorer of this name, if there is one and it measures the SLI."""
    found = plugins.named_scorers().get(scorer)
    return found if found is not None and any(spec.name == sli.name for spec in found.slis) else None


def _checked(suite: Suite, sli: Sli) -> Scorer:
    """The user's own function as a scorer, found beside the suite's file. Raises UsageError where it cannot be imported."""
    from evalslo.endpoints.target import import_target, source_digest
    from evalslo.scorers.checked import Checked

    function = import_target(sli.options[_CHECK], folder=Path(suite.file).parent, place=f"slis.{sli}.{_CHECK}")
    return Checked(function, (source_digest(function) or "unknown")[-_DIGEST_CHARS:])


def _judge(choice: ScorerChoice, suite: Suite, judgements: Judgements | None) -> JudgingScorer:
    from evalslo.scorers.judge import Judge

    specs = [suite.judges[name] for name in choice.judges]
    replies: Replies = _no_replies if judgements is None else judgements
    return Judge(choice, replies=replies, digest=_digest(specs, judgements))


def _no_replies(judge: str, key: str) -> Sequence[Response]:
    del judge, key
    return ()


def _digest(specs: Sequence[JudgeSpec], judgements: Judgements | None) -> str:
    """Who judges: the endpoints as the suite writes them, and the models that answered. Limits change no verdict."""
    who: list[Mapping[str, object]] = [
        {
            "endpoint": msgspec.to_builtins(spec.endpoint),
            "votes": spec.votes,
            "models": () if judgements is None else judgements.models(spec.name),
        }
        for spec in specs
    ]
    return _short_digest(who)


def _short_digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARS]
