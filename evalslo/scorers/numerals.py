"""The other spellings of a number: `5` is `five`, `3.50` is `3.5` and `3,5`."""

from evalslo.scorers.function_words import primary_language

_VALUES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20, 30, 40, 50, 60)
_WORDS = {
    "en": "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreissig vierzig fünfzig sechzig",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze vingt trente quarante cinquante soixante",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cuarenta cincuenta sesenta",
}
_SPELT = {language: dict(zip(map(str, _VALUES), words.split(), strict=True)) for language, words in _WORDS.items()}


def other_forms(number: str, *, language: str | None) -> set[str]:
    """The other tokens that say the same as the token `number`; no word for 1, which is an article in many languages.

    >>> sorted(other_forms("5", language="en")), sorted(other_forms("3,50", language="de"))
    (['five'], ['3,5', '3.5', '3.50'])
    """
    word = _SPELT.get(primary_language(language), {}).get(number)
    if "." not in number and "," not in number:
        return {word} if word else set()
    whole, _, decimals = number.replace(",", ".").rpartition(".")
    kept = decimals.rstrip("0")
    found = {f"{whole}{point}{digits}" for point in ".," for digits in (decimals, kept, f"{kept}0") if digits}
    return (found if kept else found | {whole}) - {number}
