"""Why a reply to a question cannot be read; the question's schema says what was asked for."""

from evalslo.model.judging import Question
from evalslo.scorers.judge_replies import UnreadableError, read_grade, read_verdicts


def reply_fault(question: Question, reply: str) -> str | None:
    """What is wrong with the reply, in words that have nothing of it in them; None where it can be read."""
    try:
        if "verdicts" in question.schema["properties"]:
            read_verdicts(question, reply)
        else:
            read_grade(question, reply)
    except UnreadableError as fault:
        return str(fault)
    return None
