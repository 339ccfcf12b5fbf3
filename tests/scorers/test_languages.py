import gzip
import json
import string

import pytest

from evalslo.model.score import Missing
from evalslo.scorers.claims import read_answer
from evalslo.scorers.function_words import KNOWN, function_words, languages_by_word
from evalslo.scorers.languages import MOST_TEXTS, differ, language_of
from evalslo.scorers.overlap import Overlap
from evalslo.scorers.overlap_claims import check
from evalslo.scorers.support import CAPITALISE_NOUNS, words_of
from evalslo.scorers.words import tokens

TOWER = {
    "en": "The tower was built for the world fair of 1889 and it is still the highest building of the city.",
    "de": "Der Turm wurde für die Weltausstellung von 1889 gebaut und ist noch immer das höchste Bauwerk der Stadt.",
    "fr": "La tour a été construite pour l'exposition de 1889 et elle est toujours le plus haut bâtiment de la ville.",
    "es": "La torre se construyó para la exposición de 1889 y es todavía el edificio más alto de la ciudad.",
    "it": "La torre è stata costruita per l'esposizione del 1889 ed è ancora l'edificio più alto della città.",
    "pt": "A torre foi construída para a exposição de 1889 e é ainda o edifício mais alto da cidade, mas não do país.",
    "nl": "De toren werd voor de wereldtentoonstelling van 1889 gebouwd en is nog het hoogste gebouw van de stad.",
    "sv": "Tornet byggdes för världsutställningen 1889 och det är fortfarande den högsta byggnaden i staden.",
    "pl": "Wieżę zbudowano na wystawę w 1889 roku i jest to nadal najwyższy budynek w mieście, który się nie zmienił.",
    "tr": "Kule 1889 fuarı için yapıldı ve şehrin en yüksek binası olarak kaldı, ancak daha sonra bir kule daha yapıldı.",
    "vi": "Tháp được xây cho triển lãm năm 1889 và vẫn là công trình cao nhất của thành phố trong những năm này.",
    "ru": "Башня была построена для выставки 1889 года, и это по-прежнему самое высокое здание, которое есть в городе.",
    "uk": "Вежа була збудована для виставки 1889 року, і це досі найвища будівля, яка є в місті, але не у країні.",
    "ar": "تم بناء البرج في عام 1889 من أجل المعرض وهو لا يزال أعلى مبنى في المدينة التي كانت على النهر.",
    "fa": "این برج در سال 1889 برای نمایشگاه ساخته شد و هنوز از همه ساختمان های شهر بلندتر است.",
    "el": "Ο πύργος χτίστηκε για την έκθεση του 1889 και είναι ακόμα το ψηλότερο κτίριο της πόλης.",
    "hi": "यह मीनार 1889 की प्रदर्शनी के लिए बनाई गई थी और यह अब भी शहर की सबसे ऊँची इमारत है।",
    "zh": "这座塔是为1889年的博览会而建造的，至今仍然是这座城市最高的建筑物。",
    "ja": "この塔は1889年の万国博覧会のために建てられ、今でも街で一番高い建物です。",
    "ko": "이 탑은 1889년 박람회를 위해 세워졌으며 지금도 도시에서 가장 높은 건물이다.",
    "th": "หอคอยนี้สร้างขึ้นสำหรับงานแสดงสินค้าในปี 1889 และยังคงเป็นอาคารที่สูงที่สุดของเมือง",
}
PAIRS = [(one, other) for one in TOWER for other in TOWER if one != other]


@pytest.mark.parametrize("language", sorted(KNOWN))
def test_function_words_are_spelt_as_tokens_are(language):
    assert [word for word in sorted(function_words(language)) if tokens(word) != [word]] == []
    assert len(function_words(language)) >= 25


def test_a_single_letter_speaks_for_no_language():
    assert not set(string.ascii_letters) & set(languages_by_word())


@pytest.mark.parametrize("language", sorted(set(TOWER) & KNOWN))
def test_a_sentence_shows_its_language(language):
    assert language_of(TOWER[language]) == language


@pytest.mark.parametrize("text", ["", "42", "Gustave Eiffel", "kubectl get pods -n prod", "¿?", "Die, Bart, die"])
def test_names_numbers_and_code_show_none(text):
    assert language_of(text) is None


@pytest.mark.parametrize("language", sorted(TOWER))
def test_a_text_does_not_differ_from_another_in_its_language(language):
    other = TOWER[language].replace("1889", "1926")
    for asked_in in (None, language):
        assert not differ(TOWER[language], [other], language=asked_in)


def test_two_languages_differ_where_the_golden_row_says_the_answers():
    assert [(one, other) for one, other in PAIRS if not differ(TOWER[one], [TOWER[other]], language=one)] == []


def test_nearly_all_pairs_differ_without_the_golden_row():
    missed = [(one, other) for one, other in PAIRS if not differ(TOWER[one], [TOWER[other]], language=None)]
    assert len(missed) <= len(PAIRS) // 50, missed


@pytest.mark.parametrize("answer", ["1889", "14.4", "", "!"])
def test_what_has_no_letters_differs_from_nothing(answer):
    assert not any(differ(answer, [text], language="de") for text in TOWER.values())


@pytest.mark.parametrize("answer", ["Gustave Eiffel", "TCP/IP", "DVB-T2 MPEG-4"])
@pytest.mark.parametrize("language", ["zh", "ru", "el", "th"])
def test_a_name_borrowed_as_it_is_differs_from_no_script(answer, language):
    assert not differ(answer, [TOWER[language]], language=language)
    assert not differ(answer, [TOWER[language]], language=None)


def test_an_answer_in_the_contexts_language_is_judged_whatever_was_asked_for():
    assert not differ(TOWER["en"].replace("1889", "1926"), [TOWER["en"]], language="de")


def test_a_quotation_does_not_change_the_language():
    answer = f"The guide says “Der Turm und die Stadt” and {TOWER['en']}"
    assert not differ(answer, [TOWER["en"]], language=None)


def test_most_of_the_contexts_decide():
    english, german = TOWER["en"], TOWER["de"]
    assert differ(TOWER["fr"], [english, german], language="fr")
    assert not differ(german, [german, german, english], language="de")
    assert differ(german, [english, english, german], language="de")
    assert not differ(german, ["", " "], language="de")


def test_only_the_first_contexts_are_looked_at():
    assert not differ(TOWER["de"], [TOWER["de"]] * MOST_TEXTS + [TOWER["en"]] * 100, language="de")


def test_two_words_in_chinese_may_be_japanese():
    assert not differ("東京", [TOWER["ja"]], language=None)
    assert differ(TOWER["zh"], [TOWER["ja"]], language=None)


def test_overlap_says_that_it_cannot_judge_and_nothing_else(ask, contexts):
    for sli in ("faithfulness", "hallucination"):
        score = ask(Overlap(), sli, answer=TOWER["de"], contexts=contexts(TOWER["en"]), query={"language": "de"})
        assert (score.value, score.reason, score.evidence) == (None, Missing.SCORER_LANGUAGE, ())


def test_references_in_another_language_leave_self_knowledge_unjudged(ask, contexts):
    query = {"language": "de", "reference": (TOWER["en"],)}
    given = contexts(TOWER["de"].replace("Turm", "Dom"))
    score = ask(Overlap(), "self_knowledge", answer=TOWER["de"], contexts=given, query=query)
    assert (score.value, score.reason, score.evidence) == (None, Missing.SCORER_LANGUAGE, ())
    assert ask(Overlap(), "faithfulness", answer=TOWER["de"], contexts=given, query=query).value is not None


@pytest.mark.parametrize("answer", ["Ich weiß es nicht.", "Hallo!", "", "1889?"])
def test_what_claims_nothing_claims_nothing_in_any_language(ask, contexts, answer):
    score = ask(Overlap(), "faithfulness", answer=answer, contexts=contexts(TOWER["en"]), query={"language": "de"})
    assert score.reason is Missing.NO_CLAIM


def test_the_golden_rows_language_decides_how_the_answer_is_split():
    text = "Am 3. Mai kam der Bote."
    assert [sentence.text for sentence in read_answer(text, language="de")] == [text]


def test_the_language_that_an_answer_shows_serves_where_the_golden_row_says_none(contexts):
    answer = "Der Pförtner und die Wache sind in der Stadt geblieben, als der König am 3. Mai nach Aachen kam."
    assert [sentence.text for sentence in read_answer(answer, language=None)] == [answer]
    ((evidence, _),) = check(answer, contexts("Der König war in der Stadt."))
    assert "new name" not in evidence.reason


@pytest.mark.parametrize("language", sorted(CAPITALISE_NOUNS))
def test_a_capital_is_no_name_where_nouns_have_one(language):
    assert words_of("Das Haus hat eine Küche und ein Dach.", language=f"{language}-XX").names == ()


def test_a_capital_is_a_name_elsewhere_and_scripts_without_capitals_have_none():
    assert words_of("La tour fut construite par Eiffel.", language="fr").names == ("eiffel",)
    for language in ("zh", "ja", "ko", "hi", "th", "ar"):
        assert words_of(TOWER[language], language=language).names == ()


@pytest.mark.parametrize("name", ["begin", "q2_dialogue", "wice_claim_dev"])
@pytest.mark.parametrize("language", ["en", None])
def test_people_s_data_in_one_language_raises_no_alarm(test_data, name, language):
    with gzip.open(test_data / "grounding" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert [row["id"] for row in rows if differ(row["answer"], [row["context"]], language=language)] == []


def test_german_contexts_are_told_from_english_questions(test_data):
    articles = json.loads((test_data / "qa" / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    passages = [paragraph for article in articles for paragraph in article["paragraphs"]]
    assert len(passages) > 200
    same = [p for p in passages if differ(p["qas"][0]["question"], [p["context"]], language="en")]
    crossed = [p for p in passages if differ(TOWER["de"], [p["context"]], language="de")]
    assert same == []
    assert len(crossed) >= 0.95 * len(passages)
