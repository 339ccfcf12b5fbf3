"""Short sentences that state nothing to check: greetings, closings, lead-ins, opinions."""

import re

_GREETING = re.compile(
    r"(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening|day)|dear|thanks|thank you|welcome|"
    r"you(?:'|’)re welcome|sure|of course|certainly|absolutely|great question|good question|no problem|my pleasure|"
    r"goodbye|bye|best regards|kind regards|here you go|hallo|guten (?:tag|morgen|abend)|gerne|natürlich|vielen dank|"
    r"danke|mit freundlichen grüßen|bonjour|bonsoir|merci|bien sûr|avec plaisir|cordialement|hola|buenos días|"
    r"buenas tardes|gracias|claro|por supuesto|saludos)\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:i )?hope (?:this|that|it) helps|(?:please )?let me know if\b|(?:please )?feel free to (?:ask|reach|contact)\b",
    re.IGNORECASE,
)
_OPINION = re.compile(
    r"(?:\W|\b(?:well|yes|yeah|yep|no|oh|wow|and|but|so|haha|lol|me too|too|same)\b)*+"
    r"(?:in my (?:humble )?opinion\b|"
    r"(?:i|we)(?:(?:'|’)d| would)? (?:really |just |also |do |personally |absolutely |definitely )*"
    r"(?:love|like|enjoy|prefer|hate|dislike|hope|wish|agree|disagree|feel)\b|"
    r"(?:that|it|this)(?:(?:'|’)?s| is| was| sounds| seems) (?:so |very |really |pretty |quite |such |a |an )*"
    r"(?:great|interesting|cool|nice|awesome|amazing|good|bad|fun|funny|wonderful|sad|lovely|beautiful|fascinating|"
    r"neat|crazy|terrible|shame|pity)\b|"
    r"ich (?:finde|mag|liebe|hoffe)\b|meiner meinung nach\b|j(?:'|’)(?:aime|adore|espère)\b|je préfère\b|à mon avis\b|"
    r"me gusta\b|prefiero\b|espero\b|en mi opinión\b)",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"\d|[.!?]\s+\w"
)  # a figure; or a sentence that goes on in lower case: "i love them ! they are from oxford"
# A longer sentence that begins as a greeting or an opinion goes on to say something.
_LONGEST_GREETING = 5
_LONGEST_ASIDE = 10


def aside(sentence: str, *, words: int) -> str | None:
    """`greeting`, `lead-in` or `opinion`; None where the sentence, of so many words, may state something.

    >>> aside("I hope this helps!", words=4), aside("I like that it opened in 1935.", words=7)
    ('greeting', None)
    """
    if _STATES.search(sentence) or words > _LONGEST_ASIDE:
        return None
    if _CLOSING.match(sentence) or (words <= _LONGEST_GREETING and _GREETING.match(sentence)):
        return "greeting"
    if sentence.rstrip("*_ ").endswith((":", "：")):
        return "lead-in"
    return "opinion" if _OPINION.match(sentence) else None
