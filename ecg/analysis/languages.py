"""The languages Whisper was trained on, and reading how people name them."""

from __future__ import annotations

from ecg.kernel.errors import InputRefused

_NAMES = """
af Afrikaans, am Amharic, ar Arabic, as Assamese, az Azerbaijani, ba Bashkir, be Belarusian,
bg Bulgarian, bn Bengali, bo Tibetan, br Breton, bs Bosnian, ca Catalan, cs Czech, cy Welsh,
da Danish, de German, el Greek, en English, es Spanish, et Estonian, eu Basque, fa Persian,
fi Finnish, fo Faroese, fr French, gl Galician, gu Gujarati, ha Hausa, haw Hawaiian, he Hebrew,
hi Hindi, hr Croatian, ht Haitian Creole, hu Hungarian, hy Armenian, id Indonesian,
is Icelandic, it Italian, ja Japanese, jv Javanese, ka Georgian, kk Kazakh, km Khmer,
kn Kannada, ko Korean, la Latin, lb Luxembourgish, ln Lingala, lo Lao, lt Lithuanian,
lv Latvian, mg Malagasy, mi Maori, mk Macedonian, ml Malayalam, mn Mongolian, mr Marathi,
ms Malay, mt Maltese, my Burmese, ne Nepali, nl Dutch, nn Nynorsk, no Norwegian, oc Occitan,
pa Punjabi, pl Polish, ps Pashto, pt Portuguese, ro Romanian, ru Russian, sa Sanskrit,
sd Sindhi, si Sinhala, sk Slovak, sl Slovenian, sn Shona, so Somali, sq Albanian, sr Serbian,
su Sundanese, sv Swedish, sw Swahili, ta Tamil, te Telugu, tg Tajik, th Thai, tk Turkmen,
tl Tagalog, tr Turkish, tt Tatar, uk Ukrainian, ur Urdu, uz Uzbek, vi Vietnamese, yi Yiddish,
yo Yoruba, yue Cantonese, zh Chinese
"""

LANGUAGES: dict[str, str] = {
    code: name for code, _, name in (item.strip().partition(" ") for item in _NAMES.split(","))
}
"""ISO 639 code → English name."""

_CODES = {name.lower(): code for code, name in LANGUAGES.items()}


def language_code(given: str) -> str:
    """The ISO 639 code for a code or an English name in any case: "en", "EN", "en-GB", "English".

    Raises ``InputRefused`` naming the codes there are.
    """
    wanted = given.strip().lower()
    base = wanted.replace("_", "-").partition("-")[0]
    for code in (_CODES.get(wanted), base):
        if code in LANGUAGES:
            return code
    raise InputRefused(
        f'no language is called "{given}"; give an ISO 639-1 code or an English name: '
        + ", ".join(LANGUAGES)
    )
