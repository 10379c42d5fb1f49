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

LEANING = {
    "en": _words(
        "a an the my your his her its our their this that these those of to in on at by for from "
        "with into and or but nor as if than is are was were be no not so very i we you he she "
        "they it every each some any all who which when where because"
    ),
    "de": _words(
        "der die das den dem des ein eine einen einem einer eines mein dein sein ihr unser kein "
        "keine und oder aber in im an am auf mit von vom zu zum zur bei für aus nach ist sind war "
        "ich du er sie es wir nicht sehr dass"
    ),
    "fr": _words(
        "le la les un une des du de au aux mon ma mes ton ta tes son sa ses notre votre leur ce "
        "cet cette ces et ou mais à en dans sur par pour avec que qui je tu il elle on nous vous "
        "ils elles ne très est sont"
    ),
    "es": _words(
        "el la los las un una unos unas mi tu su nuestro este esta ese esa y o pero de del a al "
        "en con por para que es son no muy yo él ella se lo me te"
    ),
    "it": _words(
        "il lo la i gli le un uno una mio tuo suo questo questa e o ma di del della a al in nel "
        "con per da che è sono non molto io tu lui lei si"
    ),
    "pt": _words(
        "o a os as um uma uns umas meu minha seu sua este esta esse essa e ou mas de do da em no "
        "na com por para que é são não muito eu ele ela se"
    ),
    "nl": _words(
        "de het een mijn jouw zijn haar ons onze dit dat deze die en of maar van in op aan met "
        "voor naar bij is was niet heel ik jij hij zij we ze"
    ),
}
"""Articles, determiners, prepositions, conjunctions, pronouns: what reads on into the next
word, so that a cue should not end with it. Lower case."""


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
