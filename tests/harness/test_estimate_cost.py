"""What calls will take is told from a kept run where there is one, else from the prompts, and is unknown else."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from evalslo.harness.estimate_cost import LOOKED_AT, estimate_costs, prompt_tokens
from evalslo.harness.prepare import open_suite_endpoint
from evalslo.loaders.suite import read_suite
from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import CallError, ErrorClass, Response, Sample, Usage
from evalslo.model.scorecard import Fingerprint
from evalslo.plugins import sli_specs
from evalslo.store.codec import encode_sample
from evalslo.store.run_folder import RunFolder, create_run
from tests.support.runs import manifest
from tests.support.suites import write_suite

HANDBOOK = Path(__file__).parents[2] / "fixtures" / "handbook"
OPENAI = {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}
PRICE = {"prompt_per_mtok": 1.0, "completion_per_mtok": 10.0}
QUERIES = [GoldenQuery(id=f"q{number}", query="x" * 16) for number in range(10)]


def suite_at(folder, endpoint, **keys):
    app = "def answer(query):\n    return 'Paris'\n"
    path = write_suite(
        folder, app=app if endpoint is None else None, **({"endpoint": endpoint} if endpoint else {}), **keys
    )
    return read_suite(path, slis=sli_specs())


def estimated(suite, home, *, queries=QUERIES, environ=None):
    endpoint = open_suite_endpoint(suite, environ=environ or {})
    (cost,) = estimate_costs(suite, queries, endpoint=endpoint, environ=environ or {}, home=home)
    return cost


def keep_run(home, suite, *responses, run_id="run-1", **more):
    """A kept run of the suite as it is now, with these answers."""
    endpoint = dict(open_suite_endpoint(suite, environ={}).fingerprint())
    fingerprint = Fingerprint(golden="", suite="", endpoint=endpoint, scorers={})
    kept = replace(manifest(), run_id=run_id, suite=suite.name, fingerprint=fingerprint, started_at=run_id)
    folder = RunFolder(home / "runs" / run_id)
    create_run(folder, replace(kept, **more), suite_text="", golden_lines=())
    samples = [
        Sample(query_id=f"q{at}", repeat=0, response=response, attempts=1, started_at="")
        for at, response in enumerate(responses)
    ]
    folder.samples_file.write_bytes(b"".join(map(encode_sample, samples)))


def answer(prompt, completion, **more):
    return Response(answer="a", usage=Usage(prompt_tokens=prompt, completion_tokens=completion), **more)


def test_prompts_are_written_out_and_answers_bounded(tmp_path):
    suite = suite_at(tmp_path, OPENAI | {"params": {"max_tokens": 50}, "price": PRICE}, repeats=3)
    cost = estimated(suite, tmp_path)
    assert (cost.basis, cost.calls, cost.looked_at) == ("prompts", 30, 10)
    assert cost.prompt_tokens == pytest.approx(30 * (4 + 16 / 4))
    assert cost.completion_tokens == 30 * 50
    assert cost.prompt_cost_usd == pytest.approx(240 / 1e6)
    assert cost.cost_usd == pytest.approx(240 / 1e6 + 1500 * 10 / 1e6)


def test_templates_and_variables_are_written_out_as_a_run_does(tmp_path):
    endpoint = OPENAI | {"base_url": "${UNSET}", "system": "${TONE}", "prompt": "{{ contexts[0].text }}{{ query }}"}
    suite = suite_at(tmp_path, endpoint)
    queries = [GoldenQuery(id="a", query="y" * 8, contexts=(Context(id="c", text="z" * 40),))]
    (cost,) = estimate_costs(suite, queries, endpoint=None, environ={"TONE": "t" * 20}, home=tmp_path)
    assert cost.prompt_tokens == pytest.approx(2 * 4 + (20 + 40 + 8) / 4)


@pytest.mark.parametrize(
    ("params", "most"),
    [
        ({}, None),
        ({"max_tokens": 7}, 70),
        ({"max_completion_tokens": 8, "max_tokens": 7}, 80),
        ({"max_tokens": 7, "n": 2}, 140),
        ({"max_tokens": "many"}, None),
    ],
)
def test_answers_are_bounded_by_the_parameters_alone(tmp_path, params, most):
    assert estimated(suite_at(tmp_path, OPENAI | {"params": params}), tmp_path).completion_tokens == most


def test_without_a_price_there_are_tokens_and_no_cost(tmp_path):
    cost = estimated(suite_at(tmp_path, OPENAI | {"params": {"max_tokens": 50}}), tmp_path)
    assert cost.prompt_tokens is not None
    assert (cost.prompt_cost_usd, cost.cost_usd, cost.price_is_known) == (None, None, False)


def test_of_a_large_golden_set_a_part_is_looked_at_evenly(tmp_path):
    queries = [GoldenQuery(id=str(at), query="x" * (4 if at < 5000 else 12)) for at in range(10_000)]
    cost = estimated(suite_at(tmp_path, OPENAI), tmp_path, queries=queries)
    assert (cost.looked_at, cost.queries) == (LOOKED_AT, 10_000)
    assert cost.prompt_tokens == pytest.approx(10_000 * (4 + 8 / 4))


def test_prompts_that_cannot_be_written_are_told(tmp_path):
    suite = suite_at(tmp_path, OPENAI | {"prompt": "{{ topic }}"})
    queries = [replace(query, fields={"topic": "t"}) if query.id != "q3" else query for query in QUERIES]
    cost = estimated(suite, tmp_path, queries=queries)
    assert cost.basis == "prompts"
    assert cost.notes[0].startswith("1 of 10 prompts cannot be written: q3: endpoint.prompt: 'topic' is undefined")
    assert estimated(suite, tmp_path).basis == "unknown"


def test_a_recording_is_not_called(tmp_path):
    (tmp_path / "kept.jsonl").touch()
    assert estimated(suite_at(tmp_path, {"kind": "recorded", "path": "kept.jsonl"}), tmp_path).basis == "recorded"


def test_what_a_kept_run_took_comes_before_any_rule(tmp_path):
    suite = suite_at(tmp_path, OPENAI | {"price": PRICE}, repeats=2)
    failed = Response(error=CallError(kind=ErrorClass.SERVER, message=""))
    keep_run(tmp_path, suite, answer(100, 10), answer(300, 30), failed)
    cost = estimated(suite, tmp_path)
    assert (cost.basis, cost.run_id) == ("run", "run-1")
    assert (cost.prompt_tokens, cost.completion_tokens) == (20 * 200, 20 * 20)
    assert cost.cost_usd == pytest.approx((4000 + 400 * 10) / 1e6)


def test_the_newest_run_that_counted_anything_is_taken(tmp_path):
    suite = suite_at(tmp_path, OPENAI)
    keep_run(tmp_path, suite, answer(1, 1), run_id="run-1")
    keep_run(tmp_path, suite, answer(2, 2), run_id="run-2")
    keep_run(tmp_path, suite, Response(answer="a"), run_id="run-3")
    keep_run(tmp_path, suite, answer(9, 9), run_id="run-9", variant="other")
    assert estimated(suite, tmp_path).run_id == "run-2"


@pytest.mark.parametrize("changed", [{"model": "n"}, {"params": {"max_tokens": 5}}, {"prompt": "Say {{ query }}"}])
def test_a_run_of_another_model_or_prompt_tells_nothing(tmp_path, changed):
    keep_run(tmp_path, suite_at(tmp_path, OPENAI), answer(100, 10))
    assert estimated(suite_at(tmp_path, OPENAI | changed), tmp_path).basis == "prompts"


def test_a_log_that_cannot_be_read_tells_nothing(tmp_path):
    suite = suite_at(tmp_path, OPENAI)
    keep_run(tmp_path, suite, answer(100, 10))
    (tmp_path / "runs" / "run-1" / "samples.jsonl").write_text("{}\n")
    assert estimated(suite, tmp_path).basis == "prompts"


def test_a_python_function_tells_its_own_cost_once_a_run_is_kept(tmp_path):
    suite = suite_at(tmp_path, None)
    cost = estimated(suite, tmp_path)
    assert (cost.basis, cost.prompt_tokens, cost.cost_usd) == ("unknown", None, None)
    keep_run(tmp_path, suite, Response(answer="a", cost_usd=0.25), Response(answer="a", cost_usd=0.75))
    cost = estimated(suite, tmp_path)
    assert (cost.basis, cost.cost_usd) == ("run", pytest.approx(5.0))


def caps(tmp_path, limits, **endpoint):
    suite = suite_at(tmp_path, OPENAI | {"price": PRICE} | endpoint, limits=limits)
    return {cap.key: (cap.least, cap.most) for cap in estimated(suite, tmp_path).caps}


def test_a_cap_ends_a_run_between_the_dearest_and_the_cheapest_calls(tmp_path):
    # a prompt is 8 tokens and 8e-6 dollars; 92 tokens of an answer are 920e-6 dollars
    limits = {"max_cost_usd": 50e-6, "max_tokens": 500}
    assert caps(tmp_path, limits) == {"max_cost_usd": (None, 6), "max_tokens": (None, 10)}
    assert caps(tmp_path, limits, params={"max_tokens": 92}) == {"max_cost_usd": (0, 6), "max_tokens": (5, 10)}


def test_a_cap_beyond_all_calls_ends_nothing(tmp_path):
    assert caps(tmp_path, {"max_tokens": 1000}, params={"max_tokens": 92}) == {"max_tokens": (10, 10)}
    assert caps(tmp_path, {"max_cost_usd": 1}, price={"prompt_per_mtok": 0, "completion_per_mtok": 0}) == {
        "max_cost_usd": (None, 10)
    }


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("model", ["qwen-1.5b", "smollm2"])
def test_the_rule_is_near_what_real_servers_counted(model):
    """On the English prompts of the handbook; the text of its prompts is that of fixtures/handbook/app.py."""
    rules = (
        "You answer questions from the passages of a handbook, in one short sentence that gives the exact number, name or "
        "term. If the passages do not answer the question, you say so."
    )
    golden = {row["id"]: row for row in read_lines(HANDBOOK / "golden.jsonl")}
    counted = guessed = 0.0
    for row in read_lines(HANDBOOK / "recorded" / f"{model}.jsonl"):
        if golden[row["query_id"]]["language"] != "en":
            continue
        passages = "\n\n".join(context["text"] for context in row["contexts"])
        asked = f"{passages}\n\nQuestion: {golden[row['query_id']]['query']}\nWhat do the passages say?"
        counted += row["usage"]["prompt_tokens"]
        guessed += prompt_tokens(
            {"messages": [{"role": "system", "content": rules}, {"role": "user", "content": asked}]}
        )
    assert guessed == pytest.approx(counted, rel=0.04)


def test_tools_are_part_of_the_prompt():
    messages = [{"role": "user", "content": "x"}]
    alone = prompt_tokens({"messages": messages})
    assert prompt_tokens({"messages": messages, "tools": [{"type": "function"}]}) == alone + 22 / 4
