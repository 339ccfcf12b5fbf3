"""`evalslo plan`: sizes without a suite and for one, and what wrong usage is told."""

import json
import math

import pytest

from tests.support.suites import rows, write_suite


def planned(shell, *arguments):
    """The JSON of a plan."""
    done = shell.run("plan", *arguments, "-o", "json:-")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["plans"]


def told(shell, *arguments):
    done = shell.run("plan", *arguments)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def sizes(plan, number=0):
    return [(size["queries"], size["bad"]) for size in plan["truths"][number]["sizes"]]


@pytest.mark.parametrize("target", ["95%", "0.95", "95 %", "95.0%", ".95"])
def test_a_target_and_a_truth_give_the_sizes_of_the_table(shell, target):
    (plan,) = planned(shell, "--target", target, "--truth", "98%")
    assert sizes(plan) == [(234, 6), (311, 9)]
    assert plan["fewest"] == 59
    assert plan["truths"][0]["sequential_horizon"] == 467  # 1.5 x 311


def test_a_share_of_bad_is_the_same_plan_the_other_way_round(shell):
    (good,) = planned(shell, "--target", "95%", "--truth", "98%")
    (bad,) = planned(shell, "--at-most", "5%", "--truth", "2%")
    assert sizes(bad) == sizes(good)
    assert (bad["target"], bad["truths"][0]["truth"], bad["op"]) == (0.05, 0.02, "<=")


def test_per_cent_is_exact(shell):
    (plan,) = planned(shell, "--target", "99.9 %", "--truth", "99.95%")
    assert (plan["target"], plan["fewest"]) == (0.999, 2995)


def test_without_a_truth_there_are_several_on_both_sides(shell):
    (plan,) = planned(shell, "--target", "95%")
    assert [(one["truth"], one["shows"]) for one in plan["truths"]] == [
        (0.99, "pass"), (0.98, "pass"), (0.975, "pass"), (0.97, "pass"), (0.925, "fail"), (0.9, "fail"),
    ]  # fmt: skip
    assert [sizes(plan, number)[0] for number in (0, 1, 3)] == [(124, 2), (234, 6), (601, 21)]
    assert sizes(plan, 5) == [(169, 14), (233, 18)]
    assert plan["truths"][5]["sequential_horizon"] is None


def test_truths_may_be_several_and_the_power_another(shell):
    (plan,) = planned(shell, "--target", "90%", "--truth", "95%", "--truth", "97%", "--power", "95%")
    assert plan["powers"] == [0.9, 0.95]
    assert [sizes(plan, number)[0] for number in (0, 1)] == [(239, 16), (103, 5)]
    last = plan["truths"][0]["sizes"][1]["queries"]
    assert plan["truths"][0]["sequential_horizon"] == math.ceil(1.5 * last)  # of the larger power


def test_ninety_per_cent_stands_once(shell):
    (plan,) = planned(shell, "--target", "90%", "--truth", "95%", "--power", "0.9")
    assert plan["powers"] == [0.9]


def test_several_objectives_need_more_power_each(shell):
    (plan,) = planned(shell, "--target", "95%", "--truth", "98%", "--objectives", "4")
    assert plan["power_each"] == [0.95, 0.975]
    assert sizes(plan)[0][0] > 311


def test_repeats_shorten_what_groups_lengthen(shell):
    base = ["--target", "95%", "--truth", "98%"]
    found = [
        planned(shell, *base, *more)[0]
        for more in (["--repeats", "3"], [], ["--group-size", "5"], ["--group-size", "5", "--icc", "70%"])
    ]
    queries = [sizes(plan)[0][0] for plan in found]
    assert queries == [125, 234, 515, 890]  # 234 x 1.6 / 3; 234; 5 x 103 groups; 5 x 178 groups
    assert [plan["design_effect"] for plan in found] == pytest.approx([1.6, 1.0, 2.2, 3.8])
    assert found[2]["fewest"] == 5 * 59


def test_less_correlation_than_the_gate_assumes_is_not_planned_with(shell):
    base = ["--target", "95%", "--truth", "98%", "--group-size", "5"]
    assert sizes(planned(shell, *base, "--icc", "0.1")[0]) == sizes(planned(shell, *base)[0])
    assert "the gate assumes a correlation of 0.3 at least" in told(shell, *base, "--icc", "0.1")


def test_a_mean_is_planned_by_its_spread(shell):
    narrow, wide = (
        planned(shell, "--target", "0.8", "--truth", "0.85", "--spread", spread)[0] for spread in ("0.1", "0.3")
    )
    assert sizes(narrow)[0][0] < sizes(wide)[0][0]
    assert sizes(wide)[0][1] is None
    assert wide["shape"] == "mean"


def test_a_truth_beside_the_target_has_no_size_and_says_why(shell):
    out = told(shell, "--target", "95%", "--truth", "95.01%")
    assert "more than 10,000,000" in out
    assert sizes_of_nothing(shell) == [None, None]


def sizes_of_nothing(shell):
    return planned(shell, "--target", "95%", "--truth", "95.01%")[0]["truths"][0]["sizes"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], "--target 95%"),
        (["--target", "95%", "--at-most", "5%"], "one target"),
        (["--target", "100%"], "less than 100%"),
        (["--target", "0"], "more than 0%"),
        (["--target", "95"], "95% or 0.95"),
        (["--target", "ninety"], "95% or 0.95"),
        (["--target", "-5%"], "95% or 0.95"),
        (["--target", "١٢%"], "95% or 0.95"),
        (["--target", "95%", "--truth", "0.950"], "the target itself"),
        (["--target", "95%", "--truth", "101%"], "95% or 0.95"),
        (["--target", "95%", "--power", "100%"], "--power 100%"),
        (["--target", "95%", "--power", "0"], "--power 0"),
        (["--target", "95%", "--alpha", "50%"], "below 50%"),
        (["--target", "95%", "--icc", "2"], "--icc 2"),
        (["--target", "95%", "--icc", "50%"], "--icc has no effect"),
        (["--target", "95%", "--spread", "0.7"], "at most 0.5"),
        (["--target", "95%", "--spread", "nan"], "at most 0.5"),
        (["--target", "95%", "--set", "gate.alpha=0.1"], "--set belongs to a suite"),
        (["--target", "95%", "-o", "plan.docx"], "plan.docx"),
        (["nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_usage_is_told_with_the_mend(shell, arguments, wanted):
    done = shell.run("plan", *arguments)
    assert done.exit_code == 2
    assert wanted in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


# With a suite.


def test_a_suite_is_planned_beside_the_golden_set_that_it_has(shell):
    suite = write_suite(shell.folder, golden=rows(300), objectives=["errors <= 5%", "contains >= 90%"])
    errors, contains = planned(shell, suite, "--objectives", "1")
    assert errors["present"] == {"queries": 300, "events": 300, "bad": 8, "power": pytest.approx(0.66, abs=0.01)}
    assert (errors["truths"][0]["truth"], sizes(errors)[0]) == (0.025, (361, 11))
    assert (contains["truths"][0]["truth"], sizes(contains)) == (0.95, [(179, 11), (239, 16)])
    assert not shell.runs()


def test_the_critical_objectives_of_a_suite_are_planned_to_pass_together(shell):
    objectives = [
        "errors <= 5%",
        "contains >= 90%",
        {"objective": "token_f1 >= 0.5 for 80% of requests", "critical": False},
    ]
    suite = write_suite(shell.folder, golden=rows(300), objectives=objectives)
    plans = planned(shell, suite)
    assert [(plan["critical"], plan["objectives"]) for plan in plans] == [(True, 2), (True, 2), (False, 1)]
    assert "all 2 critical objectives pass together" in told(shell, suite)


def test_a_truth_is_stated_by_the_id_of_its_objective(shell):
    suite = write_suite(shell.folder, golden=rows(300), objectives=["errors <= 5%", "contains >= 90%"])
    errors, contains = planned(shell, suite, "--truth", "errors=2%", "--objectives", "1")
    assert sizes(errors) == [(234, 6), (311, 9)]
    assert contains["truths"][0]["truth"] == 0.95
    (fails, _) = planned(shell, suite, "--truth", "errors=10%", "--objectives", "1")
    assert (fails["truths"][0]["shows"], sizes(fails)) == ("fail", [(169, 14), (233, 18)])


def test_the_repeats_of_a_suite_count_unless_others_are_asked_for(shell):
    suite = write_suite(shell.folder, golden=rows(100), objectives=["errors <= 5%"], repeats=3)
    found = [planned(shell, suite, "--truth", "errors=2%", *more)[0] for more in ([], ["--repeats", "1"])]
    assert [plan["repeats"] for plan in found] == [3, 1]
    assert [sizes(plan)[0][0] for plan in found] == [125, 234]


def test_groups_are_planned_as_large_as_they_are(shell):
    golden = [row | {"group": str(number // 5)} for number, row in enumerate(rows(300))]
    suite = write_suite(shell.folder, golden=golden, objectives=["errors <= 5%"])
    (plan,) = planned(shell, suite, "--truth", "errors=2%")
    assert (plan["unit_queries"], plan["design_effect"]) == (5.0, pytest.approx(2.2))
    assert sizes(plan)[0][0] == 515
    assert plan["present"]["events"] == 136


def test_each_slice_is_planned_by_itself(shell):
    golden = [row | {"language": "de" if number < 60 else "en"} for number, row in enumerate(rows(200))]
    objectives = [{"objective": "contains >= 90%", "per": "language"}]
    suite = write_suite(shell.folder, golden=golden, objectives=objectives)
    plans = planned(shell, suite)
    assert [(plan["objective"], plan["present"]["queries"]) for plan in plans] == [
        ("contains[language=de]", 60), ("contains[language=en]", 140),
    ]  # fmt: skip
    assert planned(shell, suite, "--truth", "contains[language=de]=99%")[0]["truths"][0]["truth"] == 0.99


def test_what_never_decides_is_not_planned_and_means_ask_for_their_spread(shell):
    objectives = [
        "contains >= 90%", "token_f1 >= 0.5", {"objective": "latency mean <= 2s", "critical": False},
        {"objective": "throughput >= 5/s", "critical": False}, {"objective": "errors <= 0%", "critical": False, "id": "none"},
    ]  # fmt: skip
    suite = write_suite(shell.folder, golden=rows(100), objectives=objectives)
    plans = planned(shell, suite)
    assert [plan["objective"] for plan in plans] == ["contains", "token_f1", "none"]
    assert (plans[2]["fewest"], plans[2]["truths"]) == (None, [])
    assert "token_f1: a mean is planned with --spread" in told(shell, suite)
    assert sizes(planned(shell, suite, "--spread", "0.3")[1])[0][0] > 2


def test_a_finite_population_is_planned_in_calls(shell):
    suite = write_suite(
        shell.folder, golden=rows(100), objectives=["errors <= 5%"], repeats=3, gate={"population": "finite"}
    )
    (plan,) = planned(shell, suite, "--truth", "errors=2%")
    assert sizes(plan)[0][0] == 78  # 234 calls
    assert plan["truths"][0]["sequential_horizon"] is None  # run --sequential takes none
    assert (
        "add repeats and no queries: ask each of its 100 golden queries 3 (80 % of runs) or 4 (90 %" in plan["notes"][0]
    )


def test_repeats_that_make_one_event_are_not_asked_for_of_a_finite_population(shell):
    objectives = ["latency <= 2s for 95% of queries"]
    suite = write_suite(shell.folder, golden=rows(100), objectives=objectives, repeats=2, gate={"population": "finite"})
    (note,) = planned(shell, suite)[0]["notes"]
    assert "more of them show no more" in note


@pytest.mark.parametrize(("objective", "repeats", "fewest"), [("errors <= 5%", 2, 89), ("token_f1 >= 0.9", 1, 43)])
def test_no_size_is_claimed_of_what_bets_bound(shell, objective, repeats, fewest):
    suite = write_suite(shell.folder, golden=rows(300), objectives=[objective], repeats=repeats, gate={"strict": True})
    (plan,) = planned(shell, suite, "--spread", "0.3")
    assert plan["fewest"] == fewest
    assert plan["truths"][0]["sizes"] == [None, None]
    assert (plan["truths"][0]["sequential_horizon"], plan["curve"]) == (None, [])
    assert (plan["present"]["bad"], plan["present"]["power"]) == (None, None)
    assert any("no sizes are claimed" in note for note in plan["notes"])


def test_a_strict_rate_of_independent_events_is_planned_as_ever(shell):
    suite = write_suite(shell.folder, golden=rows(300), objectives=["errors <= 5%"], gate={"strict": True})
    (plan,) = planned(shell, suite, "--truth", "errors=2%")
    assert (plan["fewest"], sizes(plan)[0], plan["notes"]) == (59, (234, 6), [])


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--target", "95%"], "--target is for a plan without a suite"),
        (["--group-size", "3"], "--group-size is for a plan without a suite"),
        (["--truth", "95%"], "wanted ID=SHARE"),
        (["--truth", "eror=2%"], "did you mean 'errors'?"),
        (["--truth", "errors=5%"], "the target itself"),
        (["--truth", "errors=2%", "--truth", "errors=1%"], "--truth errors=1%: errors has a truth already"),
        (["--truth", "errors=much"], "95% or 0.95"),
        (["--variant", "none"], "none"),
    ],
)
def test_wrong_usage_with_a_suite_is_told_with_the_mend(shell, arguments, wanted):
    suite = write_suite(shell.folder, golden=rows(100), objectives=["errors <= 5%"])
    done = shell.run("plan", suite, *arguments)
    assert done.exit_code == 2
    assert wanted in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_folder_of_several_suites_wants_one(shell):
    for name in ("one", "two"):
        write_suite(shell.folder, name=name)
    done = shell.run("plan", shell.folder)
    assert done.exit_code == 2
    assert "name one file" in done.stderr


def test_a_golden_set_with_faults_is_refused(shell):
    done = shell.run("plan", write_suite(shell.folder, golden=[]))
    assert done.exit_code == 2
    assert "small.jsonl" in done.stderr


def test_a_plan_goes_into_a_file_and_stays_on_the_terminal(shell):
    done = shell.run("plan", "--target", "95%", "-o", "plan.json")
    assert done.exit_code == 0
    assert "at least 95 % good" in done.stdout
    assert json.loads((shell.folder / "plan.json").read_text())["schema"] == "evalslo.plan/1"
