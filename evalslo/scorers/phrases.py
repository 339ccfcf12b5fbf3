"""How people decline, excuse themselves and speak of their sources, as patterns over folded text.

Folded: lower case, contractions written out (`can't` is `can not`, `I'm` is `i am`), one space between words. English,
German, French and Spanish; an answer in another language declines unheard. A phrase is tied to who cannot (I, the
document, the answer), so that "customers cannot call after six" is no refusal. Every repeat is bounded: matching stays
linear. Source: written by hand; `tests/scorers/test_abstention.py` has what they were tried on.
"""

_WORDS = r"(?:[\w'-]+ ){0,4}?"

_SOURCE = (
    r"(?:contexts?|documents?|passages?|texts?|handbook|manual|articles?|sources?|information|sections?|chapters?|"
    r"excerpts?|materials?|pages?|knowledge base|documentation|snippets?|results|guide|faq|report|paper|paragraphs?|"
    r"records|files?)"
)
_TELL = (
    r"(?:say|mention|contain|include|provide|specify|state|address|cover|discuss|give|answer|indicate|have|describe|"
    r"explain|tell|list|define|offer|reveal|disclose|clarify|talk|speak|refer|note|name|show|detail|appear|seem|focus|"
    r"deal|concern)"
)
_TOLD = r"(?:mentioned|specified|stated|addressed|discussed|described|disclosed|indicated|documented|defined|explained|known)"
_DETERMINED = r"(?:answered|determined|inferred|concluded|established|verified|known|found|derived|identified)"
_GIVEN = rf"(?:{_TOLD}|{_DETERMINED}|provided|given|covered|included|listed|detailed|available|contained|present|clear)"
_FACTS = r"(?:information|mention|details?|data|context|answer|indication)"
_KNOWLEDGE = rf"(?:{_FACTS}|evidence|record|knowledge|idea|access|way)"
_FIND = (
    r"(?:know|answer|say|tell|find|found|see|determine|provide|help|confirm|locate|give|assist|verify|identify|access|"
    r"infer|sure|certain|aware|familiar|share|speculate|guess)"
)
ENGLISH = (
    # a support desk's "we do not provide refunds" is an answer: "we" declines by fewer verbs than "I"
    rf"\bi (?!did not know)(?:\w+ ){{0,2}}?not (?!think)(?:\w+ ){{0,4}}?{_FIND}\b",
    r"\bwe (?:\w+ ){0,2}?not (?:\w+ ){0,4}?(?:know|answer|determine|find|tell)\b",
    rf"\b(?:i|we) (?:\w+ ){{0,2}}?not (?:been )?(?:have|given|provided|told|see|find) {_WORDS}{_KNOWLEDGE}\b",
    rf"\b(?:i|we) (?:have|found|find|see) no {_WORDS}{_KNOWLEDGE}\b",
    r"\bi (?:would rather not|(?:must|have to) decline|refuse to|prefer not to)\b",
    rf"\b{_SOURCE} {_WORDS}(?:not|never|nowhere) {_WORDS}(?:{_TELL}(?:e?s)?|about)\b",
    rf"\b(?:nothing in|none of|neither of) {_WORDS}{_SOURCE}\b",
    rf"\b(?:information|details?|answer|it|that|this) (?:\w+ ){{0,3}}?not (?:in|part of|within) {_WORDS}{_SOURCE}\b",
    r"\bi (?:would )?need (?:more|additional|further) (?:information|context|details)\b",
    rf"\b{_SOURCE} {_WORDS}{_TELL}(?:e?s)? (?:nothing|(?:no|insufficient|not enough) (?:\w+ )?{_FACTS})\b",
    r"\b(?:it|they|this|that) (?:do|does) not (?:\w+ly )?(?:say|mention|specify|state|discuss|indicate)\b",
    rf"\bnot (?:been |be )?(?:\w+ly )?{_GIVEN} {_WORDS}(?:in|by|from|within|with|on|using) {_WORDS}{_SOURCE}\b",
    rf"\b(?:answer|question|it|this|that|which) can not be (?:\w+ly )?{_DETERMINED}\b",
    rf"\b(?:not|never) (?:been )?(?:\w+ly )?(?:{_TOLD}|clear)(?: here| anywhere)?$",
    rf"^not (?:\w+ly )?(?:{_GIVEN}|sure|certain)$",
    (
        r"(?:^|\b(?:there (?:is|are|was)|contains?|provides?|gives?|with) )(?:no|insufficient|not enough|not any) "
        rf"(?:\w+ ){{0,2}}?{_FACTS}(?:$| (?:about|on|regarding|concerning|available|provided|given|found|in|to|that|is|"
        r"was|as|for)\b|(?<=mention) of\b)"
    ),
    rf"^{_WORDS}(?:not possible|impossible|not able|not) to {_WORDS}{_FIND}\b",
    rf"^(?:sorry )?can not {_WORDS}{_FIND}\b",
    r"\b(?:answer|that|it|this) (?:is|remains) (?:unknown|unclear|unanswerable|undetermined)\b",
    r"\b(?:beyond|outside(?: of)?) (?:the scope|my (?:knowledge|scope|expertise|training))\b",
    (
        r"^(?:unknown|unanswerable|unclear|n/?a|not applicable|no answer|none given|no idea|no clue|dunno|idk|"
        r"do not know)$"
    ),
)

_QUELLE = (
    r"(?:handbuch|kontext|dokumente?n?|texte?n?|quellen?|unterlagen|abschnitte?|artikel|auszug|kapitel|seiten?|"
    r"richtlinie)"
)
_WISSEN = r"(?:information(?:en)?|angaben?|auskunft|hinweise?|daten|antwort|details|aussagen?|einzelheiten)"
_SAGEN = (
    r"(?:beantworten|sagen|finden|ermitteln|helfen|bestimmen|angeben|geben|bestätigen|entnehmen|beurteilen|erwähnt|"
    r"angegeben|genannt|enthalten|beschrieben|aufgeführt|hervor|ersichtlich|dokumentiert|bekannt|möglich)"
)
_NENNT = (
    r"(?:sag|nenn|erwähn|enth|gib|geb|mach|liefer|beschreib|behandel|erklär|beantwort|äußer|steh|find|spezifizier)\w*"
)
_KEINE = r"(?:nicht|nichts|keine\w*|nirgends)"
GERMAN = (
    r"\bweiß (?:ich )?(?:\w+ ){0,3}nicht\b",
    r"^(?:unbekannt|keine ahnung|keine angabe|nicht bekannt)$",
    rf"\b(?:ich|mir) (?:[\w,]+ ){{0,9}}?{_KEINE} (?:\w+ ){{0,5}}?(?:{_SAGEN}|{_WISSEN})\b",
    rf"\b{_QUELLE} (?:\w+ ){{0,3}}?{_NENNT} (?:[\w,]+ ){{0,6}}?{_KEINE}\b",
    rf"\b{_QUELLE} (?:\w+ ){{0,4}}?{_KEINE} (?:\w+ ){{0,3}}?{_SAGEN}\b",
    rf"\b{_KEINE} (?:\w+ ){{0,2}}?(?:im|in den|in dem|in der|aus dem|aus den) (?:\w+ ){{0,3}}?{_QUELLE}\b",
    rf"\b(?:es gibt|liegen|enthält|enthalten|liefert|bietet) (?:\w+ ){{0,4}}?keine\w* (?:\w+ ){{0,2}}?{_WISSEN}\b",
    rf"^keine (?:\w+ ){{0,2}}?{_WISSEN}\b",
    rf"\b(?:wird|werden|ist|sind|lässt sich) (?:[\w,]+ ){{0,6}}?(?:nicht|nirgends) {_SAGEN}\b",
)

_TEXTE = (
    r"(?:contextes?|documents?|textes?|manuel|articles?|sources?|informations?|passages?|sections?|extraits?|guide)"
)
_PRECISE = r"(?:mentionn|précis|indiqu|fourni|parl|spécifi|contien|donn|perm|évoqu|di[ts]\b|abord|répond|trait)\w*"
_SAVOIR = r"(?:informations?|mention|données?|indications?|réponse|détails?|précisions?|accès)"
_REPONDRE = r"(?:répondre|déterminer|dire|savoir|trouver|confirmer|aider|fournir|connaître)"
_CONNAITRE = r"(?:sais|connais|peux|trouve|ai|dispose|suis|vois|possède|saurais)"
FRENCH = (
    rf"\bje (?:ne |n')(?:[\w']+ ){{0,2}}?{_CONNAITRE} (?:[\w']+ )?(?:pas|aucune?|rien)\b",
    r"^(?:inconnue?|aucune idée|je sais pas)$",
    rf"\b{_TEXTE} (?:[\w']+ ){{0,3}}?(?:ne |n'){_PRECISE} (?:[\w']+ )?(?:pas|aucune?|rien)\b",
    (
        r"\bn'(?:est|a|y est|ont)(?: pas| jamais)(?: été)? (?:\w+ment )?"
        r"(?:mentionn|précis|indiqu|fourni|spécifi|abord|connu|disponible|contenu)"
    ),
    rf"(?:^|\bil n'y a |\bil n'existe )(?:pas|aucune?) (?:[\w']+ ){{0,2}}?(?:d')?{_SAVOIR}\b",
    rf"\b(?:impossible|pas possible) (?:de |d')(?:[\w']+ )?{_REPONDRE}\b",
)

_FUENTE = (
    r"(?:contextos?|documentos?|textos?|manual|artículos?|fuentes?|información|pasajes?|secciones|sección|fragmentos?|"
    r"guía)"
)
_DATOS = r"(?:información|datos|mención|detalles|respuesta|indicaci\w+|acceso|referencias?)"
_DICE = r"(?:menciona|dice|indica|especifica|proporciona|incluye|aclara|contiene|detalla|encuentra|da)n?"
_DECIR = (
    r"(?:responder|encontrar|determinar|decir|decirle|ayudar|ayudarle|proporcionar|confirmar|contestar|saber|inferir)"
)
SPANISH = (
    r"\bno (?:lo )?sé\b|\bdesconozco\b|^(?:desconocid[oa]|ni idea|no se sabe|sin respuesta)$",
    rf"\bno (?:se |me |lo )?(?:puedo|podemos|puede|pude|he podido|es posible) (?:\w+ ){{0,3}}?{_DECIR}\b",
    rf"\b{_FUENTE} (?:\w+ ){{0,3}}?no (?:\w+ ){{0,2}}?{_DICE}\b",
    rf"\bno se {_DICE}\b",
    rf"\bno (?:hay|tengo|tenemos|existe|dispongo de|encuentro|encontré|cuento con) (?:\w+ ){{0,3}}?{_DATOS}\b",
    rf"\bno (?:está|están|aparece|figura) (?:\w+ ){{0,2}}?(?:mencionad|especificad|indicad|en (?:el|la|los) {_FUENTE})",
)

HINT = (
    r"\b(?:no|not|nothing|none|neither|never|nowhere|need|cannot|unable|insufficient|impossible|unknown|unclear|unanswerable|beyond|outside|"
    r"rather|decline|refuse|n/?a|idk|dunno|dont|nicht|nichts|kein\w*|nirgends|unbekannt|ne|pas|aucune?|inconnue?|"
    r"desconoc\w+|ni|sin)\b|n['’ʼ´`]"
)
"""Every pattern above needs one of these words; most sentences have none and need no closer look."""

COURTESY = (
    r"^(?:(?:i|we) (?:am|are) )?(?:very |so |really )?(?:sorry|afraid)(?: about that)?$",
    r"\bapologi[sz]e\b|^(?:unfortunately|sadly)$",
    r"^(?:please|feel free|let me know|happy to|contact|consult|check|refer|to (?:answer|find|know|provide))\b",
    r"^as far as\b|^(?:for )?(?:more|further|accurate|specific) (?:information|details|context|help|answers?|guidance)\b",
    (
        r"^you (?:may|might|can|could|should|will|would) (?:want to |need to |have to |also |always ){0,2}(?:check|"
        r"contact|ask|consult|refer|look|try|visit|reach|provide|share|search|verify|find (?:it|this|that|out|more))\b"
    ),
    r"^i (?:would|can|could|will) (?:\w+ )?(?:recommend|suggest|advise|need|be happy|help|assist|try|look|only)\b",
    r"\b(?:as|i am)(?: just| only)? an? (?:\w+ )?(?:ai|language model|assistant)\b",
    rf"^(?:based|according|going) (?:\w+ )?(?:on|to|by) .{{0,80}}$|^(?:from|in|within|given) (?:\w+ ){{0,4}}{_SOURCE}$",
    r"^(?:es )?tut mir (?:sehr )?leid$|^leider$",
    (
        r"^(?:bitte|wenden sie|sie (?:können|könnten|sollten)|wenn sie|falls sie|für (?:weitere|genauere)|gerne|"
        r"ich (?:empfehle|helfe)|weitere)\b"
    ),
    r"^(?:je suis )?(?:désolée?|navrée?)$|^malheureusement$",
    (
        r"^(?:veuillez|vous (?:pouvez|devriez|pourriez)|si vous|n'hésitez|je vous (?:conseille|recommande|invite|"
        r"suggère)|pour (?:plus|obtenir)|merci de)\b"
    ),
    r"^(?:lo siento|lo lamento|disculp[ae]|lamentablemente)(?: mucho)?$",
    (
        r"^(?:por favor|puede|puedes|podría|debería|si (?:necesita|quiere|tiene|desea)|[lt]e (?:recomiendo|sugiero)|"
        r"para (?:más|obtener))\b"
    ),
)

ABOUT_SOURCE = (
    (
        rf"^(?:\w+ ){{0,5}}?{_SOURCE}(?: \w+)? (?:only |mainly |just )?(?:is |are )?"
        rf"(?:{_TELL}(?:e?s)?|about|limited|focused)\b"
    ),
    (
        r"^(?:it|they)(?: do| does)? (?:only |mainly |just )?"
        r"(?:mention|discuss|describe|talk|focus|cover|say|state|deal)(?:e?s)?\b"
    ),
    (
        rf"^(?:\w+ ){{0,3}}?{_QUELLE} (?:\w+ ){{0,2}}?"
        r"(?:erwähn|beschreib|behandel|nenn|enth|sprech|spricht|beschränk|geht|erklär)"
    ),
    (
        rf"^(?:[\w']+ ){{0,3}}?{_TEXTE} (?:\w+ ){{0,3}}?"
        r"(?:mentionn|décri|parl|trait|évoqu|contien|port|concern|expliqu|indiqu)"
    ),
    (
        rf"^(?:\w+ ){{0,3}}?{_FUENTE} (?:\w+ ){{0,3}}?"
        r"(?:menciona|describe|habla|trata|contiene|cubre|explica|se refiere|se centra)"
    ),
)

CONDITION = r"(?:if|when|whenever|where|unless|wenn|falls|sobald|lorsque|quand|cuando)\b"

_TURNS = r"but|however|although|nevertheless|aber|jedoch|mais|cependant|toutefois|pero|sin embargo|aunque"
_TURNS_AFTER_COMMA = r"so|therefore|still|yet|though|that said|and|allerdings|also|und|donc|et|así que|y"
_SUBJECT = (
    r"(?:i|it|they|he|she|this|that|there|we|you|probably|maybe|perhaps|ich|es|das|er|sie|je|il|elle|ce|creo|"
    r"the (?:\w+ ){1,6}?(?:is|are|was|were|do|does|did|can|has|have|will))\b"
)
CLAUSE_END = (
    rf"[,;:]*\s+(?:{_TURNS})\b[,\s]*|[,;]\s+(?:{_TURNS_AFTER_COMMA})\b[,\s]*|;\s+|\s[–—-]\s|,\s+(?={_SUBJECT})|"
    rf"^(?:{_TURNS}|well|hmm+)\b[,\s]*"
)
