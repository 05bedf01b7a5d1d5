"""Who lives where in the made-up customer base of NorthCable: places, names in many scripts, and firms with a VAT id.

Every name is a pair: as its owner writes it, and the plain Latin letters that logins and e-mail addresses are made of.
"""

from dataclasses import dataclass

Name = tuple[str, str]


@dataclass(frozen=True)
class Place:
    country: str
    region: str
    zone: str
    currency: str
    language: str
    dialling: str
    names: str
    weight: int


@dataclass(frozen=True)
class Names:
    given: tuple[Name, ...]
    family: tuple[Name, ...]
    family_first: bool = False


def _latin(*names: str) -> tuple[Name, ...]:
    """Names that need no more than their accents taken off."""
    plain = str.maketrans("áäåéèêëíñóöøúüçãõąłńśźżŻŁßÅÖÉ", "aaaeeeeinooouucaoalnszzZLsAOE")
    return tuple((name, name.translate(plain).lower().replace("'", "").replace(" ", "")) for name in names)


NAMES = {
    "english": Names(
        _latin("Olivia", "Noah", "Keoni", "Emma", "Liam", "Zoë", "Siobhán", "Patrick"),
        _latin("O'Brien", "Smith", "Kealoha", "Johnson", "Fitzgerald", "Byrne", "Walker"),
    ),
    "finnish": Names(
        _latin("Aino", "Väinö", "Eero", "Päivi", "Jyrki", "Sofia", "Åke"),
        _latin("Mäkelä", "Virtanen", "Hämäläinen", "Öhman", "Korhonen", "Lindström"),
    ),
    "german": Names(
        _latin("Jürgen", "Käthe", "Lukas", "Anja", "Björn", "Ulrike"),
        _latin("Müller", "Schäfer", "Groß", "Weiß", "Krüger", "von der Heide"),
    ),
    "romance": Names(
        _latin("José", "Inês", "François", "Chloé", "João", "María", "Núria"),
        _latin("Muñoz", "Lefèvre", "Gonçalves", "Araújo", "Dupont", "Fernández"),
    ),
    "polish": Names(
        _latin("Łukasz", "Zofia", "Małgorzata", "Paweł"),
        _latin("Wiśniewski", "Kowalczyk", "Dąbrowska", "Żak"),
    ),
    "cyrillic": Names(
        (("Иван", "ivan"), ("Ольга", "olga"), ("Дмитрий", "dmitri"), ("Елена", "elena"), ("Стоян", "stoyan")),
        (("Петров", "petrov"), ("Шевченко", "shevchenko"), ("Калниньш", "kalnins"), ("Димитров", "dimitrov")),
    ),
    "greek": Names(
        (("Γιώργος", "giorgos"), ("Ελένη", "eleni"), ("Νίκος", "nikos")),
        (("Παπαδόπουλος", "papadopoulos"), ("Οικονόμου", "oikonomou"), ("Νικολάου", "nikolaou")),
    ),
    "arabic": Names(
        (("محمد", "mohammed"), ("فاطمة", "fatima"), ("يوسف", "yousef"), ("نورة", "noura"), ("خالد", "khaled")),
        (("الصباح", "alsabah"), ("العتيبي", "alotaibi"), ("المطيري", "almutairi"), ("حسن", "hassan")),
    ),
    "japanese": Names(
        (("翔太", "shota"), ("美咲", "misaki"), ("さくら", "sakura"), ("健一", "kenichi")),
        (("佐藤", "sato"), ("鈴木", "suzuki"), ("高橋", "takahashi"), ("渡辺", "watanabe")),
        family_first=True,
    ),
    "chinese": Names(
        (("偉", "wei"), ("淑芬", "shufen"), ("志明", "zhiming"), ("怡君", "yijun")),
        (("陳", "chen"), ("林", "lin"), ("黃", "huang"), ("張", "zhang")),
        family_first=True,
    ),
    "korean": Names(
        (("민준", "minjun"), ("서연", "seoyeon"), ("지훈", "jihoon")),
        (("김", "kim"), ("이", "lee"), ("박", "park")),
        family_first=True,
    ),
    "devanagari": Names(
        (("आरव", "aarav"), ("प्रिया", "priya"), ("संजय", "sanjay")),
        (("शर्मा", "sharma"), ("पटेल", "patel"), ("श्रेष्ठ", "shrestha")),
    ),
}

PLACES = (
    Place("FI", "", "Europe/Helsinki", "EUR", "fi", "+358 40", "finnish", 12),
    Place("DE", "", "Europe/Berlin", "EUR", "de", "+49 151", "german", 12),
    Place("FR", "", "Europe/Paris", "EUR", "fr", "+33 6", "romance", 6),
    Place("ES", "CN", "Atlantic/Canary", "EUR", "es", "+34 6", "romance", 3),
    Place("PT", "20", "Atlantic/Azores", "EUR", "pt", "+351 91", "romance", 3),
    Place("IE", "", "Europe/Dublin", "EUR", "en", "+353 85", "english", 3),
    Place("PL", "", "Europe/Warsaw", "EUR", "pl", "+48 60", "polish", 3),
    Place("BG", "", "Europe/Sofia", "EUR", "bg", "+359 88", "cyrillic", 3),
    Place("LV", "", "Europe/Riga", "EUR", "ru", "+371 2", "cyrillic", 3),
    Place("GR", "", "Europe/Athens", "EUR", "el", "+30 69", "greek", 3),
    Place("US", "NY", "America/New_York", "USD", "en", "+1 212", "english", 4),
    Place("US", "CO", "America/Denver", "USD", "en", "+1 303", "english", 2),
    Place("US", "CA", "America/Los_Angeles", "USD", "en", "+1 415", "english", 3),
    Place("US", "HI", "Pacific/Honolulu", "USD", "en", "+1 808", "english", 4),
    Place("CA", "NL", "America/St_Johns", "USD", "en", "+1 709", "english", 2),
    Place("BR", "SP", "America/Sao_Paulo", "USD", "pt", "+55 11", "romance", 2),
    Place("KZ", "", "Asia/Almaty", "USD", "ru", "+7 701", "cyrillic", 2),
    Place("IN", "MH", "Asia/Kolkata", "USD", "hi", "+91 98", "devanagari", 2),
    Place("NP", "", "Asia/Kathmandu", "USD", "ne", "+977 98", "devanagari", 2),
    Place("TW", "", "Asia/Taipei", "USD", "zh-TW", "+886 9", "chinese", 2),
    Place("KR", "", "Asia/Seoul", "USD", "ko", "+82 10", "korean", 2),
    Place("AU", "NSW", "Australia/Lord_Howe", "USD", "en", "+61 4", "english", 1),
    Place("NZ", "CIT", "Pacific/Chatham", "USD", "en", "+64 21", "english", 1),
    Place("KI", "L", "Pacific/Kiritimati", "USD", "en", "+686 7", "english", 3),
    Place("JP", "13", "Asia/Tokyo", "JPY", "ja", "+81 90", "japanese", 12),
    Place("KW", "", "Asia/Kuwait", "KWD", "ar", "+965 5", "arabic", 13),
)

# Firms that buy with a VAT id. The check digits are right; the firms are invented.
FIRMS = (
    ("FI", "Kahvila Aamunkoi Oy", "FI01234562"),
    ("DE", "Gasthof Zur Linde GmbH", "DE123456788"),
    ("FR", "Hôtel du Vieux Port SARL", "FR11123456782"),
    ("PL", "Pensjonat Pod Dębem sp. z o.o.", "PL1234567802"),
    ("IE", "The Quiet Man Bar Ltd", "IE1234567T"),
    ("LV", "Viesnīca Dzintars SIA", "LV40001234561"),
    ("PT", "Café Atlântico Lda", "PT501234560"),
    ("GR", "Ξενοδοχείο Ποσειδών ΑΕ", "EL123456783"),
)
