"""Files of banks: versions old and new, batches, what banks leave out, and what only somebody hostile sends."""

from datetime import date

import pytest

from billhead.plugin import GatewayConnection, HttpClient, InvalidInput, Money, StatementKind, load_settings
from billhead_bank_transfer.camt import LARGEST, read_camt
from billhead_bank_transfer.gateway import BankTransfer
from billhead_bank_transfer.settings import BankTransferSettings

IBAN = "FI2112345600000785"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:{}"


def entry(ref="A1", amount="12.50", side="CRDT", status="<Cd>BOOK</Cd>", details="", currency="EUR", more=""):
    account_ref = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{more}<Sts>{status}</Sts>'
        f"<BookgDt><Dt>2026-11-23</Dt></BookgDt>{account_ref}<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def transfer(end="NOTPROVIDED", note="", amount="", more=""):
    told = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    lines = "".join(f"<Ustrd>{line}</Ustrd>" for line in note.splitlines())
    return f"<TxDtls><Refs><EndToEndId>{end}</EndToEndId></Refs>{told}<RmtInf>{lines}</RmtInf>{more}</TxDtls>"


def camt(*entries, message="camt.053.001.08", iban=IBAN):
    body, report = ("BkToCstmrStmt", "Stmt") if "053" in message else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    inside = f"<Acct><Id><IBAN>{iban}</IBAN></Id></Acct>{''.join(entries)}"
    namespace = NAMESPACE.format(message)
    return f'<Document xmlns="{namespace}"><{body}><{report}>{inside}</{report}></{body}></Document>'.encode()


@pytest.mark.parametrize("message", ["camt.053.001.02", "camt.053.001.04", "camt.053.001.08", "camt.054.001.02",
                                     "camt.054.001.08", "camt.053.001.13"])  # fmt: skip
def test_versions_old_and_new(message):
    status = "BOOK" if message.endswith("02") else "<Cd>BOOK</Cd>"
    payer = "<RltdPties><Dbtr>{}</Dbtr><DbtrAcct><Id><IBAN>DE89 3704</IBAN></Id></DbtrAcct></RltdPties>"
    name = "<Nm>Aino</Nm>" if message.endswith(("02", "04")) else "<Pty><Nm>Aino</Nm></Pty>"
    details = transfer("E-1", "Rechnung 2026-\n000012", more=payer.format(name))
    (one,) = read_camt(camt(entry(details=details, status=status), message=message), IBAN).entries
    assert (one.kind, one.servicer_ref, one.amount) == (StatementKind.RECEIVED, "A1", Money(1250, "EUR"))
    assert (one.payer, one.payer_iban, one.end_to_end_id) == ("Aino", "DE893704", "E-1")
    assert (one.note, one.booked_on) == (("Rechnung 2026-", "000012"), date(2026, 11, 23))


def test_only_what_is_booked_and_has_come_in():
    told = read_camt(
        camt(entry("A1"), entry("A2", status="<Cd>PDNG</Cd>"), entry("A3", status=""), entry("A4", side="DBIT")), IBAN
    )
    assert [one.servicer_ref for one in told.entries] == ["A1"]
    assert dict(told.left_out) == {"not booked yet": 2, "paid out": 1}


def test_returns_in_both_directions():
    back = transfer("E-1", more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>")
    told = read_camt(
        camt(
            entry("A1", side="DBIT", details=back),
            entry("A2", details=back),
            entry("A3", side="DBIT", more="<RvslInd>true</RvslInd>"),
        ),
        IBAN,
    ).entries
    kinds = [(one.servicer_ref, one.kind.value, one.reason) for one in told]
    assert kinds == [("A1", "taken_back", "AC04 closed"), ("A2", "sent_back", "AC04 closed"), ("A3", "taken_back", "")]


def test_a_batch_is_its_transfers_unless_they_do_not_add_up():
    parts = transfer("E-1", amount="10.00") + transfer("E-2", amount="2.50")
    told = read_camt(camt(entry(details=parts)), IBAN).entries
    assert [(one.part, one.parts, one.amount.minor, one.end_to_end_id) for one in told] == [
        (0, 2, 1000, "E-1"),
        (1, 2, 250, "E-2"),
    ]
    (sum_alone,) = read_camt(camt(entry(details=transfer("E-1", amount="10.00") + transfer("E-2"))), IBAN).entries
    assert (sum_alone.amount.minor, sum_alone.end_to_end_id, sum_alone.parts) == (1250, "", 1)


def test_an_entry_without_a_reference_is_known_by_what_it_says():
    one, other = entry("", details=transfer("E-1", "two\nlines")), entry("", details=transfer("E-2"))
    notified = read_camt(camt(one, other, one, message="camt.054.001.08"), IBAN).entries
    refs = [each.servicer_ref for each in notified]
    assert len(set(refs)) == 3, "two equal transfers of a day are two"
    assert refs[2] == f"{refs[0]}:2"
    wrapped = entry("NONREF", details=transfer("E-1", "twolines"))
    assert read_camt(camt(wrapped), IBAN).entries[0].servicer_ref == refs[0]
    same, differs = entry("A1"), entry("A1", amount="3.00")
    told = [each.servicer_ref for each in read_camt(camt(same, same, differs), IBAN).entries]
    assert (told[0], len(told), told[1][:3]) == ("A1", 2, "A1:"), "told twice, and one reference for two"


def test_statements_of_other_accounts_alone_are_refused_however_many_they_are():
    """Two days of one foreign account in a file: taken in silence, it would look as if nobody had paid."""
    theirs = camt(entry("A1"), iban="DE89370400440532013000")
    day = theirs[theirs.index(b"<Stmt>") : theirs.index(b"</BkToCstmrStmt>")]
    with pytest.raises(InvalidInput, match=f"tells of DE89370400440532013000, not of {IBAN}"):
        read_camt(theirs.replace(day, day + day), IBAN)
    ours = camt(entry("A2"))
    told = read_camt(ours.replace(b"<Stmt>", day + day + b"<Stmt>"), IBAN)
    assert ([one.servicer_ref for one in told.entries], dict(told.left_out)) == (["A2"], {"other accounts": 2})


BILLION = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
LAUGHS = f'<!DOCTYPE d [<!ENTITY l0 "lol">{BILLION}]>'.encode()
FILE = b'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
HOSTILE = [
    (b"", "it is empty"),
    (b"%PDF-1.7", "not XML"),
    (b"<Document", "not XML"),
    (b"<html/>", "no message of ISO 20022"),
    (camt(entry(), message="camt.052.001.08"), "it is a camt.052"),
    (camt(entry(), message="camt.053.001.01"), "version .01, which is not known"),
    (camt(entry(), message="camt.053.001.99"), "version .99, which is not known"),
    (camt(entry()).replace(b"xmlns=", b"xmlns:x="), "no message of ISO 20022"),
    (camt(entry(), iban="DE89370400440532013000"), "tells of DE89370400440532013000, not of FI2112345600000785"),
    (camt(entry(amount="12,50")), "can't be read"),
    (camt(entry(amount="1e9")), "can't be read"),
    (camt(entry(amount="-5.00")), "has the amount -5.00"),
    (camt(entry(amount="0.00")), "has the amount 0.00"),
    (camt(entry(amount="1.005")), "more decimals"),
    (camt(entry(amount="9" * 16)), "has the amount"),
    (camt(entry(currency="XYZ1")), "can't be read"),
    (camt(entry().replace("2026-11-23", "yesterday")), "was booked on yesterday"),
    (b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">' + camt(entry()), "declares a document type"),
    (FILE + camt(entry(details=transfer(note="&f;"))), "document type"),
    (LAUGHS + camt(entry(details=transfer(note="&l8;"))), "amplification"),
    (b"<a>" * 100_000, "not XML"),
    (b" " * (LARGEST + 1), "larger than 16 MB"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "why"), HOSTILE, ids=[why for _, why in HOSTILE])
def test_what_is_no_statement_is_refused_in_words(data, why):
    settings = load_settings(BankTransferSettings, {"holder": "NorthCable Oy", "iban": IBAN})
    account = GatewayConnection("bank", settings, HttpClient("bank"), "https://shop.example/callbacks/t")
    with pytest.raises(InvalidInput, match=why) as refused:
        BankTransfer().read_statement(account, data)
    account.http.close()
    assert refused.value.field == "file"
