"""What differs between languages: widths, reading speeds, words that lean on the next."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CJK = frozenset({"ko", "ja", "zh", "yue"})
"""Languages whose lines are counted in full-width characters."""

UNSPACED = frozenset({"ja", "zh", "yue", "th", "lo", "km", "my"})
"""Languages that set no space between words. What counts as a word there is the recogniser's
choice, often a single character."""

CJK_RATIO = 16 / 42
"""Full-width characters that stand where 42 Latin letters would (Netflix: 16 and 42 a line)."""

READING_SPEED = {"en": 20, "ko": 12, "ja": 4, "zh": 9, "yue": 9, "ar": 20, "hi": 22}
"""Characters per second that can be read, by language (Netflix timed text style guides)."""
READING_SPEED_ELSE = 17

CAPITAL_NOUNS = frozenset({"de", "lb"})
"""Languages that write every noun with a capital, which therefore tells no name."""

SCRIPTS = (
    ("ko", "HANGUL"),
    ("ja", "HIRAGANA"),
    ("ja", "KATAKANA"),
    ("zh", "CJK"),
    ("ar", "ARABIC"),
    ("hi", "DEVANAGARI"),
)
"""(language, how the Unicode names of its letters begin), for text of unknown language."""

SENTENCE_ENDS = frozenset(".?!…。？！؟।")
CLAUSE_ENDS = frozenset(",;:—–、，；：،؛")
OPENING = "\"'“‘«([{（「『【¿¡"
CLOSING = "\"'”’»)]}）」』】"

DOTTED_I = frozenset({"tr", "az"})
"""Languages whose i keeps its dot as a capital and whose ı has none."""

PARTICLES = {
    "ko": _words(
        "은 는 이 가 을 를 의 에 도 만 와 과 로 야 아 나 랑 으로 이랑 한테 에게 에서 까지 부터 이야 "
        "들 들이 들은 들을 들도 라고 이라고 처럼 보다 같은 같이 하고 이다 입니다 였어 이에요 예요"
    ),
}
"""What is written together with the word before it, by language."""

TITLES = _words("mr mrs ms dr prof st mme mlle sr sra hr fr")
"""Abbreviations before a name, whose point ends no sentence. Lower case."""

BINDING = {
    "en": _words(
        "a an the my your his her its our their this that these those to in on at by for from "
        "with into of every each some any all no very"
    ),
    "de": _words(
        "der die das den dem des ein eine einen einem einer eines mein meine dein sein seine ihr "
        "ihre unser unsere kein keine im in an am auf mit von vom zu zum zur bei für aus nach sehr"
    ),
    "fr": _words(
        "le la les un une des du de au aux mon ma mes ton ta tes son sa ses notre votre leur ce "
        "cet cette ces à en dans sur par pour avec très"
    ),
    "es": _words(
        "el la los las un una unos unas mi tu su nuestro este esta ese esa de del a al en con por "
        "para muy"
    ),
    "it": _words(
        "il lo la i gli le un uno una mio tuo suo questo questa di del della a al in nel con per "
        "da molto"
    ),
    "pt": _words(
        "o a os as um uma uns umas meu minha seu sua este esta esse essa de do da em no na com "
        "por para muito"
    ),
    "nl": _words(
        "de het een mijn jouw zijn haar ons onze dit dat deze die van in op aan met voor naar bij "
        "heel"
    ),
    "ko": _words(
        "그 저 이런 그런 저런 어떤 무슨 한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 몇 모든 각 새 첫 "
        "온갖 안 못 더 가장 아주 매우 너무 제일 약 수 수가 수도 수는"
    ),
}
"""Articles, determiners, prepositions, what grades: words that belong to the next one, so that
neither a cue nor a line should end with them. Lower case."""

LEANING = {
    "en": BINDING["en"]
    | _words(
        "and or but nor as if than is are was were be not so i we you he she they it who which "
        "when where because"
    ),
    "de": BINDING["de"] | _words("und oder aber ist sind war ich du er sie es wir nicht dass"),
    "fr": BINDING["fr"]
    | _words("et ou mais que qui je tu il elle on nous vous ils elles ne est sont"),
    "es": BINDING["es"] | _words("y o pero que es son no yo él ella se lo me te"),
    "it": BINDING["it"] | _words("e o ma che è sono non io tu lui lei si"),
    "pt": BINDING["pt"] | _words("e ou mas que é são não eu ele ela se"),
    "nl": BINDING["nl"] | _words("en of maar is was niet ik jij hij zij we ze"),
    "ko": BINDING["ko"] | _words("그리고 하지만 그런데 그래서 그러나 또 및"),
}
"""These and conjunctions, pronouns, auxiliary verbs: what reads on into the next word, so that a
cue should not end with it. Lower case."""

NAME_LINKS = _words("of de da do du del della der den van von la le el al bin ibn y e")
"""What stands inside names, in small letters: "Bank of England", "Ludwig van Beethoven"."""

NUMBERS = _words(
    "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty "
    "seventy eighty ninety hundred thousand million billion"
)
"""Numbers in words, to which what they count belongs; "one" is a pronoun as often."""

DEPENDENT = {
    "ko": _words(
        "수 수가 수는 수도 때 때가 때는 때도 때에 줄 줄은 줄도 바 바가 바는 적 적이 적은 중 중에 동안 "
        "동안에 거 거가 게 걸 건 뿐"
    ),
}
DEPENDENT_STEMS = {
    "ko": tuple(
        _words(
            "것 거야 거예요 거라 거죠 거지 겁니다 수밖에 때문 뿐이 만큼 대로 채로 듯 있 없 않 싶 말았 "
            "주세요 보세요 버렸 두었"
        )
    ),
}
"""Words that mean nothing without the one before them (dependent nouns, auxiliary verbs), and how
others of them begin, by language."""

POSTPOSITIONS = {"ko": _words("은 는 을 를 에 의 에서 에게 한테 까지 부터 처럼 보다 으로")}
"""Particles that a recogniser may set apart from their noun, and that are no word otherwise."""


_LONGER = """
af afr, am amh, ar ara, as asm, az aze, ba bak, be bel, bg bul, bn ben, bo bod, br bre, bs bos,
ca cat, cs ces, cy cym, da dan, de deu, el ell, en eng, es spa, et est, eu eus, fa fas, fi fin,
fo fao, fr fra, gl glg, gu guj, ha hau, he heb, hi hin, hr hrv, ht hat, hu hun, hy hye, id ind,
is isl, it ita, ja jpn, jv jav, ka kat, kk kaz, km khm, kn kan, ko kor, la lat, lb ltz, ln lin,
lo lao, lt lit, lv lav, mg mlg, mi mri, mk mkd, ml mal, mn mon, mr mar, ms msa, mt mlt, my mya,
ne nep, nl nld, nn nno, no nor, oc oci, pa pan, pl pol, ps pus, pt por, ro ron, ru rus, sa san,
sd snd, si sin, sk slk, sl slv, sn sna, so som, sq sqi, sr srp, su sun, sv swe, sw swa, ta tam,
te tel, tg tgk, th tha, tk tuk, tl tgl, tr tur, tt tat, uk ukr, ur urd, uz uzb, vi vie, yi yid,
yo yor, zh zho
"""
_LONG: dict[str, str] = {
    short: long for short, _, long in (pair.strip().partition(" ") for pair in _LONGER.split(","))
}


def long_code(code: str) -> str:
    """The ISO 639-2 code, of three letters, for an ISO 639 code; "und" for none."""
    return _LONG.get(code, code if len(code) == 3 else "und")
