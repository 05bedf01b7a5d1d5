"""The rows of NorthCable's file that cannot be imported: mistakes that customer lists have, made once or twice.

Every row begins as a good one and is then spoilt; beside it stands what a reader must say about it.
"""

from collections.abc import Callable

Row = dict[str, str]
Fault = tuple[str, str]
Broken = tuple[bytes, list[Fault]]

# (kind, payment method, what is spoilt, column and code of each refusal)
SPOILT: tuple[tuple[str, str, Row, list[Fault]], ...] = (
    ("mag", "tok_ok", {"mac": "00:1A:79:4F:2B"}, [("mac", "bad_mac")]),
    ("mag", "manual", {"mac": "001A79O1B2C3"}, [("mac", "bad_mac")]),
    ("mag", "tok_ok", {"mac": ""}, [("mac", "missing_mac")]),
    ("stream", "tok_ok", {"login": ""}, [("login", "missing_login")]),
    ("stream", "tok_ok", {"login": "anna maria"}, [("login", "bad_login")]),
    ("stream", "tok_ok", {"plan": "gold-stream-1m"}, [("plan", "unknown_plan")]),
    ("stream", "none", {"currency": "GBP"}, [("currency", "unknown_currency")]),
    (
        "enigma2",
        "tok_ok",
        {"plan": "basic-enigma2-1m", "addons": "", "connections": "1", "currency": "JPY", "balance": ""},
        [("currency", "price_not_offered")],
    ),
    ("mag", "tok_ok", {"started_on": "2026-02-30"}, [("started_on", "bad_date")]),
    ("mag", "tok_ok", {"paid_through": "15.12.2026"}, [("paid_through", "bad_date")]),
    (
        "stream",
        "tok_ok",
        {"started_on": "2026-12-01", "paid_through": "2026-11-30"},
        [("paid_through", "date_order")],
    ),
    ("stream", "tok_ok", {"zone": "Europe/Atlantis"}, [("zone", "bad_zone")]),
    ("stream", "tok_ok", {"country": "UK"}, [("country", "bad_country")]),
    ("mag", "tok_ok", {"email": ""}, [("email", "missing_value")]),
    ("mag", "tok_ok", {"email": "jonas(at)example.com"}, [("email", "bad_email")]),
    ("stream", "tok_ok", {"connections": "-1"}, [("connections", "bad_connections")]),
    ("stream", "tok_ok", {"addons": "opera"}, [("addons", "unknown_addon")]),
    (
        "mag",
        "tok_ok",
        {"plan": "premium-mag-1m", "addons": "sport", "connections": "1"},
        [("addons", "addon_not_for_plan")],
    ),
    ("stream", "tok_ok", {"reseller": "polar-tv"}, [("reseller", "unknown_reseller")]),
    ("mag", "tok_ok", {"currency": "JPY", "balance": "1500.50"}, [("balance", "bad_amount")]),
    ("mag", "tok_ok", {"balance": "-9.99"}, [("balance", "negative_balance")]),
    ("stream", "tok_ok", {"kind": "mag"}, [("kind", "kind_mismatch")]),
    ("stream", "tok_ok", {"payment_method": "4242 4242 4242 4242"}, [("payment_method", "card_number")]),
    ("stream", "tok_ok", {"vat_id": "pending"}, [("vat_id", "bad_vat_id")]),
    (
        "mag",
        "tok_ok",
        {"email": "n/a", "zone": "GMT+3 (Kuwait)", "mac": "unknown"},
        [("email", "bad_email"), ("zone", "bad_zone"), ("mac", "bad_mac")],
    ),
)


def make(subscriber: Callable[[str, str], Row], good: list[Row]) -> list[Broken]:
    """All broken rows in the order of the file. Doubles repeat what stands in the first good rows."""
    broken = []
    for kind, payment, changes, faults in SPOILT:
        row = subscriber(kind, payment)
        # A changed currency must not make the balance of the old one a second mistake.
        broken.append((_line([*(row | {"balance": ""} | changes).values()]), faults))
    return [*broken, *_doubles(subscriber, good), *_mangled(subscriber)]


def _doubles(subscriber: Callable[[str, str], Row], good: list[Row]) -> list[Broken]:
    box = next(row for row in good if row["kind"] == "mag")
    stream = next(row for row in good if row["kind"] == "stream")
    digits = "".join(letter for letter in box["mac"] if letter.isalnum())
    other_spelling = "-".join(digits[at : at + 2] for at in range(0, 12, 2)).swapcase()
    changes = (
        ("mag", {"mac": other_spelling}, ("mac", "duplicate_mac")),
        ("stream", {"login": stream["login"].upper()}, ("login", "duplicate_login")),
        ("stream", {"external_ref": stream["external_ref"]}, ("external_ref", "duplicate_external_ref")),
    )
    return [(_line([*(subscriber(kind, "tok_ok") | change).values()]), [fault]) for kind, change, fault in changes]


def _mangled(subscriber: Callable[[str, str], Row]) -> list[Broken]:
    """Rows that a spreadsheet or a text editor has hurt."""
    unquoted = [*(subscriber("mag", "tok_ok") | {"name": "Virtanen, Aino"}).values()]
    short = [*subscriber("stream", "tok_ok").values()][:-4]
    latin = [*(subscriber("stream", "tok_ok") | {"name": "Jürgen Müller", "notes": ""}).values()]
    return [
        (",".join(unquoted).encode() + b"\n", [("", "bad_column_count")]),
        (_line(short), [("", "bad_column_count")]),
        (",".join(latin).encode("latin-1") + b"\n", [("name", "bad_encoding")]),
    ]


def _line(values: list[str]) -> bytes:
    quoted = ['"' + value.replace('"', '""') + '"' if set(value) & set(',"\n') else value for value in values]
    return ",".join(quoted).encode() + b"\n"
