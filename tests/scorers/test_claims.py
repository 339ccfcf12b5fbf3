import pytest

from evalslo.scorers.claims import LONGEST_ANSWER, MOST_SENTENCES, read_answer
from evalslo.scorers.sentences import LONGEST, sentences


def texts(text, language=None):
    return [text[start:end] for start, end in sentences(text, language=language)]


def kinds(answer, language=None):
    return [sentence.not_a_claim for sentence in read_answer(answer, language=language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith paid $3.50. She left.", ["Dr. Smith paid $3.50.", "She left."]),
        ("See e.g. Fig. 2 of the U.S. report. It ends.", ["See e.g. Fig. 2 of the U.S. report.", "It ends."]),
        ("It is five.[2] It is six. [3] Done.", ["It is five.[2]", "It is six. [3]", "Done."]),
        ("The value\nis 3.5 km. Next!", ["The value\nis 3.5 km.", "Next!"]),
        ("Steps:\n- one\n- two\nand a half\n", ["Steps:", "one", "two\nand a half"]),
        ("1. First thing\n2) Second thing", ["First thing", "Second thing"]),
        ("# Title\nText here.", ["# Title", "Text here."]),
        ("| a | b |\n| 1 | 2 |", ["| a | b |", "| 1 | 2 |"]),
        ("你好。今天天气很好！是吗？", ["你好。", "今天天气很好！", "是吗？"]),
        ("यह है। दूसरा वाक्य।", ["यह है।", "दूसरा वाक्य।"]),
        ("هل هذا صحيح؟ نعم.", ["هل هذا صحيح؟", "نعم."]),
        ("Call `foo.bar()` first. Then stop.", ["Call `foo.bar()` first.", "Then stop."]),
        ("Odd half \ud800 of a pair. Next.", ["Odd half \ud800 of a pair.", "Next."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert texts(text) == expected


def test_german_dates_and_abbreviations_end_no_sentence():
    assert texts("Am 3. Mai kam er z.B. um fünf. Ende.", "de-AT") == ["Am 3. Mai kam er z.B. um fünf.", "Ende."]


def test_a_stretch_without_an_end_mark_is_cut_between_words():
    text = "word " * 1_000
    found = texts(text)
    assert max(map(len, found)) <= LONGEST
    assert " ".join(found) == text.strip()


@pytest.mark.parametrize(
    "answer", ["Paris.", "42", "The fee is $3.50 [2].", "I love that it opened in 1935.", "首都是北京。"]
)
def test_what_states_something_is_a_claim(answer):
    assert kinds(answer) == [None]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("What do you mean?", "question"),
        ("¿Qué quiere decir?", "question"),
        ("是吗？", "question"),
        ("Hello!", "greeting"),
        ("Sure, of course.", "greeting"),
        ("I hope this helps!", "greeting"),
        ("Let me know if you need anything else.", "greeting"),
        ("Here are the three steps to follow:", "lead-in"),
        ("## Summary of refunds", "heading"),
        ("I really love jazz.", "opinion"),
        ("That is a great plan!", "opinion"),
        ("Ich finde das gut.", "opinion"),
        ("I don't know.", "abstention"),
        ("The context does not mention any fee.", "abstention"),
        ("Das Handbuch sagt dazu nichts.", "abstention"),
        ("Yes, it is.", "no content word"),
        ("[3]", "no content word"),
        ("|---|:-:|", "no content word"),
        ("```python\nprint('It is. So.')\n```", "code"),
    ],
)
def test_what_states_nothing_is_no_claim(answer, kind):
    assert kinds(answer) == [kind]


@pytest.mark.parametrize(
    "answer",
    [
        "The handbook does not say, but it is 28 days.",
        "Did you know that it opened in May?",
        "Hi, the tower was built by Gustave Eiffel.",
        "i love them ! they are a band from oxford",
        "The fees are: 3 euros, 5 euros and",
        "You should check the oil every week.",
        "| --- | the fee is due |",
    ],
)
def test_a_statement_does_not_hide_behind_a_courtesy(answer):
    assert None in kinds(answer)


def test_prose_around_code_is_read_and_the_code_is_not():
    assert kinds("Run this now.\n```\nx = 1. y = 2.\n```\nIt prints nothing.") == [None, "code", None]


def test_the_head_of_a_table_is_no_claim_and_its_rows_are():
    assert kinds("| city | fee |\n|---|---|\n| Rome | 3 |\n\nIt rained.") == ["heading", "no content word", None, None]
    assert kinds("| city | fee |\n| Rome | 3 |") == [None, None]


def test_a_very_long_answer_is_read_up_to_its_bounds():
    assert len(read_answer("It is so. " * 5_000, language=None)) == MOST_SENTENCES
    assert sum(len(sentence.text) for sentence in read_answer("word " * 50_000, language=None)) <= LONGEST_ANSWER
