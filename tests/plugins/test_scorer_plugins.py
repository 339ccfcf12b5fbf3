"""A scorer of another package: what must be right before a run, and what becomes of scores that are not."""

import math
from fractions import Fraction

import numpy as np
import pytest
from msgspec.structs import replace

from evalslo.errors import UsageError
from evalslo.harness.score import sample_scorer
from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.score import Evidence, Missing, Score
from evalslo.model.sli import Sli, SliSpec
from evalslo.scorers import specs
from evalslo.scorers.plugin import PluginScorer, check_names, plugin_scorer

GOOD = """
from evalslo.model.score import Missing, Score
from evalslo.model.sli import SliSpec

class It:
    name = "mine"
    version = "3"
    slis = (SliSpec(name="loud", what="is loud", kind="rate", better="lower"),)

    def score(self, query, sample, *, slis):
        value = float(sample.response.answer.isupper())
        return [Score(query_id=query.id, repeat=sample.repeat, sli=str(sli), scorer="?", value=value) for sli in slis]

it = It()
"""
QUERY = GoldenQuery(id="q", query="?")
SAMPLE = Sample(query_id="q", repeat=1, response=Response(answer="YES"), attempts=1, started_at="")
LOUD = Sli(name="loud")


def scored(value=None, *, sli=LOUD, **changed):
    score = Score(query_id="q", repeat=1, sli=str(sli), scorer="?", value=value)
    return replace(score, **changed)


class Returning:
    """A scorer that gives what it is told to."""

    name = "mine"
    version = "1"
    slis = (
        SliSpec(name="loud", what="", kind="rate", better="lower"),
        SliSpec(name="calm", what="", kind="score", better="higher"),
        SliSpec(name="length", what="", kind="quantity", unit="tokens", better=None),
    )

    def __init__(self, found):
        self.found = found

    def score(self, query, sample, *, slis):
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found


@pytest.fixture
def any_plugin(plugin_of):
    return plugin_of(GOOD)


@pytest.fixture
def returned(any_plugin):
    """What evalslo makes of a list of scores that a plugin gave for the SLIs."""

    def of(*found, slis=(LOUD,)):
        given = found[0] if len(found) == 1 and isinstance(found[0], BaseException) else found
        return PluginScorer(Returning(given), any_plugin).score(QUERY, SAMPLE, slis=slis)

    return of


@pytest.mark.parametrize("target", ["it", "It", "made"])
def test_an_object_a_class_and_a_function_give_the_same_scorer(plugin_of, target):
    scorer = plugin_scorer(plugin_of(GOOD + "\ndef made():\n    return It()\n", target=target))
    assert (scorer.name, scorer.version) == ("mine", "3 (my-package 1.0)")
    assert [spec.name for spec in scorer.slis] == ["loud"]
    assert scorer.score(QUERY, SAMPLE, slis=[LOUD]) == [scored(1.0, scorer="mine/3 (my-package 1.0)")]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("class It:", "import no_such_module\nclass It:", "failed: ModuleNotFoundError: No module named"),
        ("class It:", "raise SystemExit(0)\nclass It:", "importing my_package:it failed: SystemExit: 0"),
        (
            "class It:",
            "raise RuntimeError('a\\nb' * 999)\nclass It:",
            "importing my_package:it failed: RuntimeError: a ba",
        ),
        ("it = It()", "", "importing my_package:it failed: AttributeError"),
        ("it = It()", "it = 7", "is no Scorer: it has no name, no version, no slis, no score"),
        ("it = It()", "def it(query): ...", "calling my_package:it without an argument failed: TypeError"),
        ("def score", "def rate", "it has no score"),
        ('name = "mine"', 'name = "theirs"', "its name is 'theirs', and its entry point is called 'mine'"),
        ('name = "mine"', "name = 7", "its name is 7; wanted a text"),
        ('version = "3"', "version = 3", "its version is 3; wanted a text"),
        ('version = "3"', 'version = "3 / 4"', "its version is '3 / 4'; wanted a text of letters"),
        ("def score", "async def score", "its score is async"),
        ("sample, *, slis", "sample", "its score does not take what it is given: got an unexpected keyword"),
        ("slis = (SliSpec", "slis = () and (SliSpec", "it measures no SLI"),
        ("slis = (SliSpec", "slis = ('loud',) or (SliSpec", "slis has a str; wanted evalslo.model.sli.SliSpec"),
        ('kind="rate"', 'kind="share"', "the SliSpec of 'loud' is of the wrong form: Invalid enum value 'share'"),
        ('kind="rate"', 'kind="quantity"', "loud is a quantity of unit None; wanted a unit"),
        ('kind="rate"', 'kind="rate", unit="s"', "loud is a rate of unit s; wanted a unit"),
        ('kind="rate"', 'kind="rate", per_run=True', "loud is a figure of the whole run"),
        ('kind="rate"', 'kind="rate", options=["terms"]', "of the wrong form"),
        ('name="loud"', 'name="Loud one"', "an SLI is called 'Loud one'; wanted a lower-case letter"),
        ('lower"),)', 'lower"),) * 2', "it has an SLI twice: loud, loud"),
        ('name = "mine"', "name = property(lambda self: 1 / 0)", "cannot be read: ZeroDivisionError: division by zero"),
        ('name = "mine"', "name = property(lambda self: exit(0))", "cannot be read: SystemExit: 0"),
    ],
)
def test_a_plugin_that_lacks_something_is_refused_with_its_package_and_the_way_to_mend_it(plugin_of, old, new, said):
    assert old in GOOD
    plugin = plugin_of(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError) as raised:
        plugin_scorer(plugin)
    message = str(raised.value)
    assert message.startswith("the plugin 'mine' of my-package 1.0 (evalslo.scorers): ")
    assert said in message
    assert message.endswith("; mend it, or uninstall the package")
    assert len(message) < 600
    assert message.isprintable()


@pytest.mark.parametrize("value", [1, True, np.float32(1), np.int64(1), Fraction(1)])
def test_a_number_of_any_kind_is_a_value(returned, value):
    (score,) = returned(scored(value))
    assert score.value == 1.0
    assert type(score.value) is float


@pytest.mark.parametrize(
    ("sli", "value"),
    [
        ("loud", 0.5),
        ("loud", math.nan),
        ("loud", "1"),
        ("calm", 1.01),
        ("calm", -0.01),
        ("calm", math.nan),
        ("length", -1),
        ("length", math.inf),
        ("length", 1j),
    ],
)
def test_a_value_that_its_sli_cannot_have_is_no_value(returned, sli, value):
    sli = Sli(name=sli)
    with pytest.raises(ValueError, match=f"its value of {sli} is "):
        returned(scored(value, sli=sli), slis=[sli])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "it gave 0 scores where 1 were asked for"),
        ([scored(1), scored(1)], "it gave 2 scores"),
        ([1.0], "it gave a float where a Score of loud was wanted"),
        ([scored(1, query_id="another")], "it gave a score of"),
        ([scored(1, repeat=0)], "it gave a score of"),
        ([scored(1, sli="calm")], "it gave a score of"),
        ([scored()], "neither of value and reason"),
        ([scored(1, reason=Missing.NO_CLAIM)], "both of value and reason"),
        ([scored(reason="because")], "Invalid enum value 'because'"),
        ([scored(1, note=7)], "Expected `str | null`"),
        ([scored(1, evidence=("a claim",))], "Expected `object`"),
    ],
)
def test_a_score_of_another_form_is_refused(returned, found, said):
    with pytest.raises((ValueError, TypeError), match=said):
        returned(*found)


def test_a_reason_and_evidence_are_kept(returned):
    evidence = (Evidence(claim="It is.", verdict="supported", context_id="c", span=(0, 2)),)
    (kept,) = returned(scored(reason="no_claim", evidence=list(evidence), note="said"))
    assert (kept.reason, kept.evidence, kept.note) == (Missing.NO_CLAIM, evidence, "said")


@pytest.mark.parametrize("raised", [RuntimeError("model not found"), SystemExit(0)])
def test_what_a_scorer_raises_is_one_missing_score_and_no_end_of_the_run(any_plugin, raised):
    scorer = PluginScorer(Returning(raised), any_plugin)
    (score,) = sample_scorer([LOUD], scorers={"loud": scorer}, contexts_from=None)(QUERY, SAMPLE)
    assert (score.value, score.reason) == (None, Missing.SCORER_ERROR)
    assert score.note in ("RuntimeError: model not found", "RuntimeError: it called exit(0)")


def test_a_plugin_may_say_what_is_wrong_with_options_and_may_not(any_plugin):
    silent = Returning([])
    assert PluginScorer(silent, any_plugin).options_fault(LOUD) is None
    speaking = Returning([])
    speaking.options_fault = lambda sli: "terms: found none" if not sli.options else None
    assert PluginScorer(speaking, any_plugin).options_fault(LOUD) == "loud: terms: found none"
    assert PluginScorer(speaking, any_plugin).options_fault(replace(LOUD, options={"terms": "x"})) is None
    failing = Returning([])
    failing.options_fault = lambda sli: sli.options["terms"]
    assert PluginScorer(failing, any_plugin).options_fault(LOUD) == "loud: KeyError: 'terms'"


class Measuring:
    def __init__(self, *slis):
        self.slis = slis


def test_a_built_in_sli_may_be_measured_only_as_what_it_is(any_plugin):
    own = specs()["faithfulness"]
    same, other = replace(own, what="by another model"), replace(own, unproven=False)
    assert check_names([(any_plugin, Measuring(same))], builtin=specs()) is None
    with pytest.raises(UsageError, match="its SLI 'faithfulness' is not what evalslo calls so: wanted the same kind, "):
        check_names([(any_plugin, Measuring(other))], builtin=specs())


def test_two_plugins_that_measure_one_sli_are_refused(any_plugin):
    spec = SliSpec(name="loud", what="", kind="rate", better="lower")
    other = replace(any_plugin, name="theirs", package="their-package")
    with pytest.raises(UsageError, match=r"'theirs' of their-package .* the plugin 'mine' of .* measures 'loud' too"):
        check_names([(any_plugin, Measuring(spec)), (other, Measuring(spec))], builtin=specs())
