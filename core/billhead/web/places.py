"""The countries that forms offer (ISO 3166 codes, in the language of the page), and the time zones."""

import unicodedata
from collections.abc import Iterable

from billhead import clock
from billhead.domain.countries import COUNTRIES
from billhead.domain.money import CREDITS, EXPONENTS
from billhead.web.speaking import other_language, speech
from billhead.wording import wording

__all__ = ["country_choices", "country_name", "currency_choices", "in_letters", "language_name", "zone_names"]

_LISTED = """
AF Afghanistan|AL Albania|DZ Algeria|AD Andorra|AO Angola|AG Antigua and Barbuda|AR Argentina|AM Armenia|AU Australia
AT Austria|AZ Azerbaijan|BS Bahamas|BH Bahrain|BD Bangladesh|BB Barbados|BY Belarus|BE Belgium|BZ Belize|BJ Benin
BT Bhutan|BO Bolivia|BA Bosnia and Herzegovina|BW Botswana|BR Brazil|BN Brunei|BG Bulgaria|BF Burkina Faso|BI Burundi
KH Cambodia|CM Cameroon|CA Canada|CV Cabo Verde|CF Central African Republic|TD Chad|CL Chile|CN China|CO Colombia
KM Comoros|CG Congo|CD Congo (Democratic Republic)|CR Costa Rica|CI Côte d’Ivoire|HR Croatia|CU Cuba|CY Cyprus
CZ Czechia|DK Denmark|DJ Djibouti|DM Dominica|DO Dominican Republic|EC Ecuador|EG Egypt|SV El Salvador
GQ Equatorial Guinea|ER Eritrea|EE Estonia|SZ Eswatini|ET Ethiopia|FJ Fiji|FI Finland|FR France|GA Gabon|GM Gambia
GE Georgia|DE Germany|GH Ghana|GR Greece|GD Grenada|GT Guatemala|GN Guinea|GW Guinea-Bissau|GY Guyana|HT Haiti
HN Honduras|HK Hong Kong|HU Hungary|IS Iceland|IN India|ID Indonesia|IR Iran|IQ Iraq|IE Ireland|IL Israel|IT Italy
JM Jamaica|JP Japan|JO Jordan|KZ Kazakhstan|KE Kenya|KI Kiribati|KW Kuwait|KG Kyrgyzstan|LA Laos|LV Latvia|LB Lebanon
LS Lesotho|LR Liberia|LY Libya|LI Liechtenstein|LT Lithuania|LU Luxembourg|MO Macao|MG Madagascar|MW Malawi
MY Malaysia|MV Maldives|ML Mali|MT Malta|MH Marshall Islands|MR Mauritania|MU Mauritius|MX Mexico|FM Micronesia
MD Moldova|MC Monaco|MN Mongolia|ME Montenegro|MA Morocco|MZ Mozambique|MM Myanmar|NA Namibia|NR Nauru|NP Nepal
NL Netherlands|NZ New Zealand|NI Nicaragua|NE Niger|NG Nigeria|KP North Korea|MK North Macedonia|NO Norway|OM Oman
PK Pakistan|PW Palau|PS Palestine|PA Panama|PG Papua New Guinea|PY Paraguay|PE Peru|PH Philippines|PL Poland
PT Portugal|PR Puerto Rico|QA Qatar|RO Romania|RU Russia|RW Rwanda|KN Saint Kitts and Nevis|LC Saint Lucia
VC Saint Vincent and the Grenadines|WS Samoa|SM San Marino|ST São Tomé and Príncipe|SA Saudi Arabia|SN Senegal
RS Serbia|SC Seychelles|SL Sierra Leone|SG Singapore|SK Slovakia|SI Slovenia|SB Solomon Islands|SO Somalia
ZA South Africa|KR South Korea|SS South Sudan|ES Spain|LK Sri Lanka|SD Sudan|SR Suriname|SE Sweden|CH Switzerland
SY Syria|TW Taiwan|TJ Tajikistan|TZ Tanzania|TH Thailand|TL Timor-Leste|TG Togo|TO Tonga|TT Trinidad and Tobago
TN Tunisia|TR Türkiye|TM Turkmenistan|TV Tuvalu|UG Uganda|UA Ukraine|AE United Arab Emirates|GB United Kingdom
US United States|UY Uruguay|UZ Uzbekistan|VU Vanuatu|VA Vatican City|VE Venezuela|VN Vietnam|YE Yemen|ZM Zambia
ZW Zimbabwe
"""

_IN_ENGLISH = {entry[:2]: entry[3:] for line in _LISTED.strip().splitlines() for entry in line.split("|")}
_UNITS = frozenset(["BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW", "VED", "XAD", "XDR", "XSU", "XUA"])
"""Units of account, in which nobody is paid, and VED, which is VES by another code."""
_IN_MONEY = sorted(EXPONENTS.keys() - {CREDITS} - _UNITS)


def country_choices() -> list[tuple[str, str]]:
    """(code, name) pairs for a select field, by name."""
    return sorted(((code, country_name(code)) for code in COUNTRIES), key=lambda pair: in_letters(pair[1]))


def currency_choices(codes: Iterable[str] = _IN_MONEY) -> list[tuple[str, str]]:
    """(code, "EUR, Euro") pairs for a select field, by code; all of ISO 4217 if none are given."""
    return [(code, f"{code}, {speech().currency(code)}") for code in codes]


def in_letters(name: str) -> str:
    """To sort by, without accents: Österreich stands among the O."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def country_name(code: str) -> str:
    other = other_language()
    return other.country(code) if other else _IN_ENGLISH.get(code) or wording("en").country(code)


def language_name(code: str) -> str:
    """In the language of the page: "French", "Französisch"."""
    return speech().name_of(code)


def zone_names(had: str = "UTC") -> list[str]:
    """IANA zones by place, without the historical aliases at the top level; but for the one that somebody has, which a
    form must not change unasked."""
    by_place = {name for name in clock.zones() if "/" in name and not name.startswith("Etc/")}
    return ["UTC", *sorted((by_place | {had}) - {"UTC"})]
