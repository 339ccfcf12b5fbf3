"""The function words of four languages: words that say nothing about what a sentence states.

Enough to keep "the" from counting as evidence; a word that is missing here only weighs more. Negations are among them:
counting words cannot see one anyway.
"""

_WORDS = {
    "en": """
        a about after all also am an and any are as at be because been before being both but by can could d did do does
        doing for from had has have having he her hers him his how i if in into is it its itself just ll m me more most my
        no nor not now of on once only or other our out over own re s same she should so some such t than that the their
        them then there these they this those through to too under until up ve very was we were what when where which
        while who whom why will with would yes you your yours
    """,
    "de": """
        aber als am an auch auf aus bei bin bis da damit das dass dem den denn der des die dies diese dieser doch durch
        ein eine einem einen einer eines er es für hat haben hier ich ihr im in ist ja kann kein keine man mit nach nein
        nicht noch nur oder sein sich sie sind so über um und uns vom von vor war was wenn wer werden wie wir wird wo zu
        zum zur
    """,
    "fr": """
        à au aux avec c ce ces cet cette d dans de des du elle elles en est et être il ils j je l la le les leur leurs
        lui m mais me n ne non nos notre nous on ont ou où oui par pas plus pour qu que qui s sa se ses si son sont sur t
        tu un une vos votre vous y été
    """,
    "es": """
        a al como con cuando de del donde el ella ellas ellos en entre era es esa ese esta este esto fue ha han hay la
        las le les lo los más me mi muy no nos o para pero por que qué se ser si sí sin sobre son su sus también te tu un
        una unas uno unos y ya yo
    """,
}
_SETS = {language: frozenset(words.split()) for language, words in _WORDS.items()}


def primary_language(language: str | None) -> str:
    """`de` of `de-CH`; `en` where it is not known."""
    return (language or "en").replace("_", "-").split("-")[0].lower()


def function_words(language: str | None) -> frozenset[str]:
    """The function words of a language, folded; those of English for a language that is not known here."""
    return _SETS.get(primary_language(language), _SETS["en"])
