import subprocess
import sys

from evalslo.scorers import builtin_scorers, specs


def test_no_sli_is_measured_twice():
    names = [spec.name for scorer in builtin_scorers() for spec in scorer.slis]
    assert len(names) == len(set(names))
    assert set(specs()) - set(names) == {
        "contradiction",
        "rubric",
        "task_success",
    }  # judges alone, or a function, say those


def test_what_a_failed_call_counts_as_follows_the_table():
    unmeasured = {name for name, spec in specs().items() if spec.on_error == "unmeasured"}
    assert unmeasured == {
        "hallucination",
        "contradiction",
        "self_knowledge",
        "abstention",
        "over_abstention",
        "tokens",
        "cost",
        "throughput",
    }


def test_screens_and_judges_are_unproven():
    assert {name for name, spec in specs().items() if spec.unproven} == {
        "faithfulness",
        "hallucination",
        "contradiction",
        "self_knowledge",
        "abstention",
        "over_abstention",
        "rubric",
        "task_success",
    }


def test_only_retrieval_takes_a_cut_off():
    assert {name for name, spec in specs().items() if spec.takes_k} == {
        "precision",
        "recall",
        "ndcg",
        "mrr",
        "map",
        "hit",
        "judged",
    }


def test_every_scorer_has_a_name_and_a_version_fit_for_a_fingerprint():
    assert len({scorer.name for scorer in builtin_scorers()}) == len(builtin_scorers())
    assert all(scorer.version and "/" not in scorer.name for scorer in builtin_scorers())


def test_the_specs_load_no_heavy_library():
    heavy = "{'numpy', 'scipy', 'sklearn', 'aiohttp', 'datasets', 'pydantic', 'importlib.metadata'}"
    program = f"import sys; from evalslo.scorers import specs; specs(); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
