"""The scorecard as a person reads it."""

import re
import subprocess
import sys

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from evalslo.model.scorecard import Verdict

CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [20, 60, 92, 100, 200])
def test_no_line_is_wider_than_the_console(rendered, card, width, encoding):
    page = rendered(card, width=width, encoding=encoding, run_folder=".evalslo/runs/" + "x" * 90)
    assert max(cell_len(line) for line in page.lines) <= min(width, 120)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_without_colour_there_is_no_control_character_but_line_ends(rendered, card, encoding):
    assert not CONTROLS.search(rendered(card, encoding=encoding).text)


def test_with_colour_every_escape_is_a_colour_of_ours(rendered, card):
    text = rendered(card, colour=True).text
    assert "\x1b[" in text
    assert not CONTROLS.search(re.sub(r"\x1b\[[0-9;]*m", "", text))


def test_colour_changes_no_letter(rendered, card):
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", rendered(card, colour=True).text)
    assert coloured == rendered(card).text


@pytest.mark.parametrize("width", [60, 100])
def test_no_stranger_can_forge_a_line(rendered, cards, width):
    lines = rendered(cards["hostile"], width=width).lines
    assert [line for line in lines if re.match(r"\s{0,2}[✓✗?!] \w+", line)] == [lines[0], *_rows(lines)]
    assert len(_rows(lines)) == 1
    assert not any(line.lstrip().startswith("✓ PASS") and line.index("✓") < 3 for line in lines)


def _rows(lines: list[str]) -> list[str]:
    return [line for line in lines[1:] if re.match(r" [✓✗?!] (PASS|FAIL|INCONCLUSIVE|ERROR)\b", line)]


def test_markup_and_emoji_codes_of_strangers_stay_as_they_are(rendered, cards):
    text = rendered(cards["hostile"]).text
    assert "[bold red]loud[/] [/]" in " ".join(text.split())
    assert ":smile:" in text


@pytest.mark.parametrize("width", [60, 100])
def test_the_first_line_has_verdict_suite_and_exit_code(rendered, cards, width):
    for name, words in {
        "passed": ("✓ PASS", "exit 0"),
        "failed": ("✗ FAIL", "exit 1"),
        "inconclusive": ("? INCONCLUSIVE", "exit 3"),
        "unmeasured": ("! ERROR", "exit 4"),
    }.items():
        first = rendered(cards[name], width=width).lines[0]
        assert first.split("  ")[1] == words[0]
        assert "support-rag" in first
        assert first.endswith(words[1])


def test_verdict_words_are_never_broken(rendered, card):
    verdicts = [card.verdict, *(row.verdict for row in card.objectives)]
    for width in (40, 60, 100):
        text = rendered(card, width=width).text
        for verdict in set(verdicts):
            assert len(re.findall(rf"[✓✗?!] {verdict.name}\b", text)) >= verdicts.count(verdict)


def test_each_row_has_estimate_interval_target_counts_and_scorer(rendered, cards):
    lines = rendered(cards["inconclusive"]).lines
    number = next(n for n, line in enumerate(lines) if re.match(r" \? INCONCLUSIVE  hallucination", line))
    assert re.search(r"3\.5 %\s+\[1\.7, 6\.5\]\s+≤ 5 %\s+━+┿━+●━+$", lines[number])
    assert lines[number + 1].strip() == "7 of 200 bad · coverage 100 % · overlap/1"


def test_a_quantile_stands_beside_its_share(rendered, cards):
    text = rendered(cards["passed"]).text
    assert "latency p95 <= 2s · p95 1.42 s [1.10, 1.90] · 198 of 200 good" in text


def test_a_mean_is_told_as_one(rendered, cards):
    text = rendered(cards["passed"]).text
    assert re.search(r"precision@5\s+0\.713\s+\[0\.674, 0\.750\]\s+≥ 0\.6\b", text)
    assert "mean of 200" in text


def test_events_without_a_value_are_counted_with_the_worst_case(rendered, cards):
    words = " ".join(rendered(cards["passed"]).text.split())
    assert "4 unmeasured and 4 not applicable of 600 planned: call error 4, no claim 4" in words
    assert "coverage 99.3 %" in words
    assert "worst case 97.7 %" in words


def test_an_unmeasured_row_has_no_numbers(rendered, cards):
    lines = rendered(cards["unmeasured"]).lines
    row = next(line for line in lines if " ! ERROR         abstention" in line)
    assert re.search(r"abstention\s+–\s+–\s+≥ 90 %\s+│$", row)


def test_missing_bounds_are_dashes_and_not_zeros(rendered, cards):
    lines = rendered(cards["one_unit"]).lines
    assert re.search(r"0\.600\s+–\s+≥ 0\.6", next(line for line in lines if "precision@5" in line))
    assert any("p99.9 – [41.3, –]" in line for line in lines)


def test_a_near_miss_is_not_rounded_to_the_target(rendered, cards):
    row = next(line for line in rendered(cards["one_unit"]).lines if "latency-p95" in line)
    assert "94.999 %" in row
    assert "[94.000, 95.001]" in row


def test_soft_rows_are_marked_and_do_not_count_as_critical(rendered, cards):
    page = rendered(cards["soft_missed"])
    assert any(re.match(r" ✗ FAIL +rubric:tone soft ", line) for line in page.lines)
    assert "1 of 1 critical met · 0 of 1 soft met" in page.lines[1]
    assert page.lines[0].startswith("  ✓ PASS")


def test_an_unconfirmed_miss_is_told_from_a_miss(rendered, cards):
    page = rendered(cards["failed"])
    assert "3 of 5 critical met · 1 missed · 1 missed, unconfirmed" in page.lines[1]
    assert any(re.match(r" ✗ FAIL +hallucination unconfirmed ", line) for line in page.lines)


def test_a_run_without_critical_objectives_says_so(rendered, cards):
    bare = replace(cards["unmeasured"], objectives=())
    assert "no critical objective" in rendered(bare).lines[1]


def test_needed_queries_are_told_once(rendered, cards):
    card = cards["inconclusive"]
    wanted = "401 more queries would settle it at the present estimate"
    assert " ".join(rendered(card).text.split()).count(wanted) == 1
    told = replace(card.reasons[0], text=f"not shown; about {wanted}")
    assert " ".join(rendered(replace(card, reasons=(told,))).text.split()).count("401 more") == 1


def test_reasons_of_rows_are_told_once_though_the_run_words_them_otherwise(rendered, cards):
    card = cards["unmeasured"]
    reason = card.objectives[1].reasons[0]
    text = rendered(replace(card, reasons=(replace(reason, text="other words"),))).text
    assert re.search(r"why +abstention: other words", text)
    assert "31 of 40 applicable" not in text
    assert "31 of 40 applicable" in rendered(card).text


def test_objectives_with_the_same_reason_share_a_line(rendered, cards):
    card = cards["failed"]
    same = [replace(card.reasons[0], objective=name, text="the target is missed") for name in ("a", "b", "c")]
    assert re.search(r"why +a, b, c: the target is missed", rendered(replace(card, reasons=tuple(same))).text)


def test_a_soft_row_tells_its_reasons_below_itself(rendered, cards):
    lines = rendered(cards["soft_missed"]).lines
    number = next(n for n, line in enumerate(lines) if "rubric:tone soft" in line)
    assert lines[number + 2].strip() == "its judge was never checked against people"


def test_reasons_are_bounded(rendered, cards):
    card = cards["failed"]
    many = tuple(replace(card.reasons[0], text=f"reason {n}") for n in range(30))
    text = rendered(replace(card, reasons=many)).text
    assert "and 22 more" in text
    assert "reason 29" not in text


def test_a_row_without_any_value_says_so(rendered, cards):
    card = cards["unmeasured"]
    row = card.objectives[1]
    empty = replace(row, counts=replace(row.counts, planned=169, n=0, good=0, bad=0))
    assert "nothing measured · coverage 0 %" in rendered(replace(card, objectives=(empty,))).text


def test_worst_answers_show_what_speaks_against_them_first(rendered, cards):
    text = rendered(cards["failed"]).text
    assert text.index("✗ contradicted") < text.index("✗ unsupported")
    assert '"within 14 days of delivery"' in " ".join(text.split())
    assert "Returns are possible." not in text


def test_a_worst_answer_takes_a_few_lines_however_long_it_is(rendered, cards):
    card = cards["failed"]
    long = replace(card, worst=(replace(card.worst[0], answer="word " * 5000, query="word " * 5000),))
    short = replace(card, worst=())
    assert len(rendered(long).lines) - len(rendered(short).lines) < 16


def test_unknown_usage_is_said_to_be_unknown(rendered, cards):
    assert "tokens unknown · cost unknown" in rendered(cards["unmeasured"]).text
    assert "412,380 prompt + 61,204 completion tokens · cost 0.298 usd" in rendered(cards["passed"]).text


def test_answers_from_the_cache_are_told_where_there_are_some(rendered, cards):
    assert "720 calls · 120 retries · 14 cached · " in rendered(cards["failing"]).text
    assert "cached" not in rendered(cards["passed"]).text


def test_the_lag_of_a_live_run_is_in_the_footer(rendered, cards):
    card = cards["failing"]
    assert re.search(r"timings\s+loop lag p99 0\.410 ms, at most 3\.10 ms\n", rendered(card).text)
    assert "loop lag" not in rendered(replace(card, timings=("recorded",))).text
    exact = replace(card, lag=replace(card.lag, in_times=False))
    assert "at most 3.10 ms; the system stamps what arrives, tokens read together share a stamp" in " ".join(
        rendered(exact).text.split()
    )


def test_timings_that_are_not_live_are_labelled(rendered, cards):
    assert "recorded: latencies are those of the recording" in rendered(cards["recorded"]).text
    assert "timings" not in rendered(cards["passed"]).text


def test_certificates_that_nobody_verified_are_told_in_one_line(rendered, cards):
    told = "TLS certificates are NOT verified (endpoint.tls.verify: false): anybody on the way could forge answers"
    for endpoint, times in (
        ({"base_url": "https://h/v1", "tls": {"verify": False}}, 1),
        ({"url": "${ADDRESS}", "tls": {"verify": False}}, 1),
        ({"base_url": "https://h/v1", "tls": {"verify": True}}, 0),
        ({"base_url": "https://h/v1"}, 0),
    ):
        card = replace(cards["passed"], fingerprint=replace(cards["passed"].fingerprint, endpoint=endpoint))
        assert " ".join(rendered(card).text.split()).count(told) == times


def test_the_folder_of_the_run_is_named_where_there_is_one(rendered, cards):
    assert re.search(
        r"report\s+\.evalslo/runs/abc$", rendered(cards["passed"], run_folder=".evalslo/runs/abc").text, re.M
    )
    assert "report" not in rendered(cards["passed"]).text


def test_narrow_consoles_keep_every_number(rendered, cards):
    words = " ".join(rendered(cards["failed"], width=60).text.split())
    for wanted in ("89.8 %", "[86.9, 92.3]", "≥ 95 %", "539 of 600 good", "judge:strong/3"):
        assert wanted in words


def test_an_ascii_console_gets_ascii(rendered, cards):
    lines = rendered(cards["inconclusive"], encoding="ascii").lines
    assert lines[0].startswith("  ? INCONCLUSIVE")
    assert any(">= 95 %" in line and "O" in line for line in lines)


def test_a_verdict_has_its_word_without_colour(rendered, card):
    assert card.verdict.name in rendered(card).lines[0]
    assert card.verdict in Verdict


def test_the_room_itself_imports_nothing_heavy():
    code = "import sys, evalslo.report, evalslo.report.scorecard_json; print('rich' in sys.modules, 'numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # our own line
    assert told.stdout.split() == ["False", "False"]
