"""The function words of many languages: words that say nothing about what a sentence states, and much about its language.

Enough to keep "the" from counting as evidence; a word that is missing here only weighs more. Negations are among them:
counting words cannot see one anyway. Spelt as `words.tokens` folds them.
"""

from collections.abc import Mapping
from functools import cache, lru_cache

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
        zum zur wurde wurden
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
    "it": """
        a ad ai al alla alle anche che chi ci come con cui da dal dalla degli dei del della delle di e è era gli ha hanno
        i il in l la le lo ma nel nella non o per più quando questa questo si sono stata stato su sua suo tra un una uno
    """,
    "pt": """
        a ao aos as até com como da das de do dos e é ela ele em entre era essa esse esta este foi foram há isso mais mas
        mesmo muito na não nas no nos o os ou para pela pelo por quando que se sem ser seu sua são também um uma
    """,
    "nl": """
        aan als bij dan dat de der deze die dit door een en er haar had heb heeft het hij hun ik in is je kan maar meer
        met na naar niet nog of om ook op over te tot uit van veel voor was we wel werd wordt worden ze zich zijn zo
    """,
    "sv": """
        alla att av blev de den denna det detta dock du efter eller en ett från för ha hade han har hon i in inte jag kan
        man med men mot mycket när och om på samt sig sin ska skulle som så till under upp ut var vara vid är över
    """,
    "da": """
        af alle at blev blive da de den denne der deres det dette dog du efter eller en er et for fra han har havde hun i
        ikke jeg kan man med men mod når og også om over på sig sin skal som så til ud under var ved vil være
    """,
    "no": """
        alle at av ble bli da de den denne der deres det dette du eller en er et etter for fra ha han har hadde hun i ikke
        jeg kan man med men mot når og også om over på seg sin skal som så til under ut var ved vil være
    """,
    "fi": """
        ei eivät ennen että he hän ja jo joka jonka jos jota kanssa koska kuin kun kuten mutta myös ne niin nyt oli olivat
        olla on ovat sekä sen se sitä tai tämä tämän vain vuonna
    """,
    "pl": """
        a ale być był była było były co czy dla do gdy go i ich jak jako jego jej jest jego już który która które lub ma
        mi na nad nie o od oraz po pod przez przy się są także tak to tym w we z za ze że
    """,
    "cs": """
        a aby ale ani až bude být byl byla bylo byly co do i jako je jeho jejich jen jsou k kdy která které který ma mezi
        na nebo není o od po pod podle pro proto před při s se si tak také to tím u v ve více z za ze že
    """,
    "ro": """
        a acest această ai ale am ar au ca care ce cea cei cele cu cum de din după este fi fost în între la lor lui mai
        nu o pe pentru prin s sa sau se său sunt și ş şi să un una unei unui
    """,
    "hu": """
        a az azt csak de egy el és ez ezek ezt hogy hogyan is ki még meg mely mert mint már nagyon nem nincs pedig s sem
        szerint több vagy van vannak volt voltak után
    """,
    "hr": """
        a ali bi bila bili bilo bio da do i ih iz je jer kada kako kao koja koje koji li na ne nije o od pa po prema s sa
        samo se su što ta te to u uz više za
    """,
    "tr": """
        ama ancak bir birçok bu çok da daha de değil diye en gibi göre hem her için ile ise kadar ki mi mı ne o olan
        olarak oldu olduğu sonra şu tarafından ve veya ya yok
    """,
    "vi": """
        bị các cho có của cũng để đã đến đó được hay hoặc khi không là lại mà một này những như nhưng ở ra rất sẽ sự tại
        thì theo trong trên từ và vào về với
    """,
    "id": """
        ada adalah akan antara atau bahwa banyak bisa dalam dan dapat dari dengan di hanya ia ini itu juga karena ke kepada
        lebih mereka oleh pada para saat sebagai sebuah secara seperti sudah telah tetapi tidak untuk yang
    """,
    "ca": """
        a al als amb aquest aquesta com d de del dels el els en entre era és ha han hi i l la les més molt no o on para
        per però que què s se ser seu seva són també un una va van
    """,
    "sw": """
        au baada bila cha hii hivyo huo ili ina ingawa kama katika kila kuwa kwa kwamba la lakini mwa na ni pia sana tu
        wa wake wakati ya yake za
    """,
    "ru": """
        а бы был была были было в во все для до его если же за и из или их к как когда который которая которые ли между
        на не него но о об от по под при с со так также то только у что чтобы это этого
    """,
    "uk": """
        а але або був була були було в від він до для з за і із й його коли на не ні об або під після по при про та так
        також те тільки у хоча це цей що щоб як який яка які є їх
    """,
    "bg": """
        а без бе беше в във го да до за и из или им като когато които който която към ли му на не но от по под при с са
        се си след със само така това този тя че ще
    """,
    "sr": """
        а али би била били било био да до и из је јер када као која које који ли међу на не није о од па по при с са само
        се су та те то у уз више за што
    """,
    "ar": """
        أن أو إلى إن التي الذي الذين بعد بين ثم حتى ذلك على عن عند غير في قبل قد كان كانت كل كما لا لم له لها لكن ما مع
        من هذا هذه هو هي و
    """,
    "fa": """
        آن آنها از است اما این با باید برای بود به بین تا در را شد شده که کرد ما می نیز نیست هر هم همه و یا یک
    """,
    "ur": """
        اس اسے اور ان ایک بھی پر تک تھا تھی تھے جو سے کا کو کی کے لیے میں نہیں نے وہ پہلے کر کہ گیا ہو ہوا ہوتا ہے ہیں یا یہ
    """,
}
KNOWN = frozenset(_WORDS)
"""The languages whose function words are known here, as ISO 639-1 codes."""


def primary_language(language: str | None) -> str:
    """`de` of `de-CH`; `en` where it is not known."""
    primary = (language or "en").replace("_", "-").split("-")[0].lower()
    return "no" if primary in ("nb", "nn") else primary


@lru_cache(maxsize=256)
def function_words(language: str | None) -> frozenset[str]:
    """The function words of a language, folded; those of English for a language that is not known here."""
    return frozenset(_WORDS.get(primary_language(language), _WORDS["en"]).split())


@cache
def languages_by_word() -> Mapping[str, tuple[str, ...]]:
    """Every function word of more than one letter, as single letters are initials and units too, with its languages."""
    found: dict[str, tuple[str, ...]] = {}
    for language in _WORDS:
        for word in filter(lambda word: len(word) > 1, function_words(language)):
            found[word] = (*found.get(word, ()), language)
    return found
