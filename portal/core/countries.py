"""Countries as people write them, read as codes of ISO 3166."""

from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.utils.translation import override
from django_countries import countries

#: What people write that is neither a name nor a code of the standard.
ALIASES = {"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "uae": "AE", "holland": "NL"}


def read_country(text: str) -> str:
    """The code of a country: from its two or three letters, or its name in any of the portal's languages.

    Returns:
        Two letters; empty where it is not known.
    """
    return _codes().get(_fold(text), "")


def name_countries(codes: Iterable[str]) -> list[str]:
    """Their names in the reader's language, in its order of the alphabet."""
    return sorted(str(countries.name(code)) for code in codes)


@cache
def _codes() -> dict[str, str]:
    codes = dict(ALIASES)
    for code in countries.countries:
        codes |= {code.lower(): code, _fold(countries.alpha3(code)): code}
        codes |= {_fold(str(name)): code for name in countries.OLD_NAMES.get(code, ())}
    for language in {"en", *dict(settings.LANGUAGES)}:
        with override(language):
            codes |= {_fold(str(country.name)): country.code for country in countries}
    return codes


def _fold(text: str) -> str:
    return " ".join(text.replace(".", "").casefold().split())
