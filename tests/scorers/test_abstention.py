import pytest

from evalslo.model.score import Missing
from evalslo.scorers.abstains import abstains
from evalslo.scorers.abstention import Abstention

DECLINING = (
    "The handbook does not say.",
    "I don't know.",
    "I do not know the answer to that question.",
    "I'm sorry, but I don't know.",
    "The context does not mention the price of the enterprise plan.",
    "This is not mentioned in the context.",
    "The answer is not mentioned in the provided context.",
    "I cannot answer this question based on the provided context.",
    "I can’t answer that from the given documents.",
    "There is no information about parental leave in the handbook.",
    "Based on the provided context, there is no information about the release date.",
    "No information available.",
    "Not mentioned.",
    "Unknown.",
    "N/A",
    "I'm unable to find any information about that in the documentation. Please contact support for help.",
    "Unfortunately, the document doesn't specify how many retries are allowed.",
    "The provided passages do not contain enough information to answer the question.",
    "I could not find anything on this in the sources.",
    "The text only covers error budgets; it does not mention salaries.",
    "The handbook does not cover pricing. It focuses on service level objectives and error budgets.",
    "I'm not sure.",
    "I am not able to determine the CEO's name from the context.",
    "It is not possible to determine the exact date from the information given.",
    "That is beyond the scope of the provided documents.",
    "The question cannot be answered from the given context.",
    "As an AI language model, I don't have access to real-time data.",
    "I have no information about that. Could you tell me more?",
    "Sorry, I can't help with that.",
    "The exact number is not specified.",
    "The document says nothing about refunds for gift cards.",
    "If you need this figure, please ask the finance team; the handbook does not state it.",
    "**I don't have enough information to answer this question.** Please provide more context.",
    "Neither the context nor the documents provide any details. I don't have that information.",
    "We do not have information on that subject.",
    "Das Handbuch sagt dazu nichts.",
    "Das weiß ich leider nicht.",
    "Dazu enthält der Kontext keine Informationen.",
    "Ich kann diese Frage anhand der Unterlagen nicht beantworten.",
    "Das wird im Dokument nicht erwähnt.",
    "Leider kann ich dazu keine Angaben machen.",
    "Aus dem Text geht nicht hervor, wie lange das dauert.",
    "Je ne sais pas.",
    "Le contexte ne mentionne pas cette information.",
    "Désolé, je ne peux pas répondre à cette question.",
    "Il n'y a aucune information à ce sujet dans le document.",
    "Ce n'est pas précisé dans le texte.",
    "Je n’ai pas trouvé cette information.",
    "No lo sé.",
    "El manual no menciona el precio.",
    "Lo siento, no puedo responder a esa pregunta.",
    "No hay información sobre eso en el contexto.",
    "El documento no especifica la fecha.",
    "No se indica en el texto.",
    "The handbook chapters I was given don't discuss on-call compensation.",
    "I'm afraid that isn't covered in the material I have.",
    "That information isn't in the handbook.",
    "There isn't any mention of a dollar amount in these pages.",
    "I have no idea.",
    "I couldn't locate a definition of that term in the provided context.",
    "Nothing in the context tells me who approved the release.",
    "None of the provided documents mention the founding year.",
    "The passage doesn't give a specific number, so I can't say.",
    "Sorry, I do not have enough context to answer that.",
    "I'm sorry, I cannot provide that information as it is not included in the handbook.",
    "The provided text does not address whether weekends are counted. You may want to check with your SRE lead.",
    "The answer isn't stated anywhere in the documents.",
    "It's not clear from the context.",
    "The context provided doesn't include any information on the mayor of Oslo. It discusses error budgets and alerting.",
    "I don't see anything about that in the handbook.",
    "Not specified in the context.",
    "No mention of this in the provided sources.",
    "This question is outside the scope of the handbook.",
    "I would need more information to answer that.",
    "I am unable to answer because the passage does not contain the relevant details.",
    "Insufficient information.",
    "The source does not indicate when this happened.",
    "As far as the handbook goes, this isn't defined.",
    "Sadly, I don't have details on that.",
    "Darüber steht nichts im Handbuch.",
    "Diese Information ist im Kontext nicht enthalten.",
    "Ich habe dazu leider keine Informationen gefunden.",
    "Tut mir leid, das kann ich nicht sagen.",
    "Keine Angaben im Text.",
    "Cette information n'est pas disponible dans le document.",
    "Je n'ai pas assez d'informations pour répondre.",
    "Le manuel ne précise pas la durée.",
    "La respuesta no se encuentra en el texto.",
    "No tengo suficiente información para responder.",
    "Lo siento, pero el contexto no proporciona esa información.",
)

ANSWERING = (
    "The window is 28 days.",
    "Canberra.",
    "The handbook does not say, but in general 28 days is common.",
    "I don't know for sure, but I think it is Canberra.",
    "The context does not mention it. However, the capital of Australia is Canberra.",
    "The window is 28 days. The handbook does not say why.",
    "You cannot answer customer calls after 6 pm.",
    "The policy states that there is no information loss during failover.",
    "The budget is unknown until the first window has passed.",
    "If the answer is unknown, the field stays empty.",
    "No. The service does not support streaming.",
    "The warranty does not cover water damage.",
    "The refund policy does not cover sale items.",
    "Batteries are not included in the price.",
    "The office is closed on Sundays and calls are not answered.",
    "We do not provide refunds after 30 days.",
    "We cannot ship to Alaska.",
    "Refunds are not available after 30 days.",
    "The error budget is one minus the objective.",
    "It is not possible to cancel after shipping.",
    "No evidence of harm was found in the trial.",
    "Nobody knows where he was born; historians assume Vienna.",
    "The server returns 404 when the page cannot be found.",
    "The feature was not known before 1998.",
    "She did not know that the alarm had been disabled.",
    "I think it is about 5 km.",
    "I'm not sure about the month. It was 1998.",
    "The CEO declined to answer the question.",
    "Employees must not share information with third parties.",
    "I did not know that! It was first broadcast in 1966.",
    "Yes, contact support at the number on the back of the card.",
    "The scope of the document is limited to release policy.",
    "Es dauert 28 Tage.",
    "Das Fenster ist 28 Tage lang, aber das Handbuch nennt keinen Grund.",
    "Kunden können nachts nicht anrufen.",
    "Die Garantie deckt Wasserschäden nicht ab.",
    "La fenêtre est de 28 jours.",
    "Les remboursements ne sont pas possibles après 30 jours.",
    "Le manuel ne le dit pas, mais c'est généralement 28 jours.",
    "La ventana es de 28 días.",
    "Los reembolsos no son posibles después de 30 días.",
    "No se permite fumar en la oficina.",
    "El manual no lo dice, pero suele ser de 28 días.",
    "The handbook does not mention a limit, so there is none and you may send as many requests as you like.",
    "I don't know, it is probably Canberra.",
    "Paris is the capital of France. I'm not sure about its population.",
    "There is no limit on the number of releases.",
    "No, a failed canary does not count against the budget.",
    "The alert does not fire until the burn rate exceeds 14.4.",
    "Nobody is paged; a ticket is opened instead.",
    "Never. Error budgets don't roll over.",
    "The page doesn't reload unless you press the button.",
    "It isn't possible to roll back automatically.",
    "Users can't find the button because it's hidden on mobile.",
    "Not more than 5% of the traffic.",
    "The handbook says to freeze releases. It does not define an exception.",
    "If there is no data, the alert fires.",
    "The team could not determine the cause of the outage, and the incident was closed.",
    "Information about salaries is not shared with contractors.",
    "Einstein did not find the answer until 1915.",
    "You can't. The policy forbids it.",
    "No. The guide recommends against it.",
    "He said he didn't know the victim.",
    "The results are not available until Monday.",
    "I can confirm that the fee is not refundable.",
    "The report found no evidence of fraud.",
    "The contents of the file are not encrypted by default.",
    "It doesn't include taxes.",
    "The data is not stored in Europe.",
    "There is no charge for cancellations made 24 hours ahead.",
    "Nein, das Budget wird nicht übertragen.",
    "Die Seite lädt nicht ohne JavaScript.",
    "Non, le budget n'est pas reporté.",
    "Le document n'est pas chiffré.",
    "No, el presupuesto no se acumula.",
    "El archivo no se guarda automáticamente.",
)


@pytest.mark.parametrize("answer", DECLINING)
def test_an_answer_that_declines_is_heard(answer):
    assert abstains(answer, language=None)


@pytest.mark.parametrize("answer", ANSWERING)
def test_an_answer_that_answers_is_not_taken_for_one_that_declines(answer):
    assert not abstains(answer, language=None)


def test_curly_apostrophes_and_capitals_change_nothing():
    assert abstains("I DON’T KNOW.", language=None)


def test_an_empty_answer_declines_nothing():
    assert not abstains("", language=None)


def test_abstention_is_asked_only_where_there_is_nothing_to_answer(ask):
    declined, answered = "The handbook does not say.", "It is 28 days."
    assert ask(Abstention(), "abstention", answer=declined, query={"answerable": False}).value == 1.0
    assert ask(Abstention(), "abstention", answer=answered, query={"answerable": False}).value == 0.0
    assert ask(Abstention(), "abstention", answer=declined, query={"answerable": True}).reason is Missing.ANSWERABLE


def test_over_abstention_is_asked_only_where_there_is_something_to_answer(ask):
    declined, answered = "The handbook does not say.", "It is 28 days."
    assert ask(Abstention(), "over_abstention", answer=declined, query={"answerable": True}).value == 1.0
    assert ask(Abstention(), "over_abstention", answer=answered, query={"answerable": True}).value == 0.0
    assert (
        ask(Abstention(), "over_abstention", answer=answered, query={"answerable": False}).reason
        is Missing.UNANSWERABLE
    )


@pytest.mark.parametrize("sli", ["abstention", "over_abstention"])
def test_a_query_that_does_not_say_has_no_score(ask, sli):
    assert ask(Abstention(), sli).reason is Missing.NO_LABEL
