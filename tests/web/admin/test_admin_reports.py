"""Reports behind the counter: the list, the filters, pages, totals, ties, CSV, and refusals at their field."""


def test_all_reports_are_listed_and_each_opens(counter):
    listed = counter.get("/admin/reports").text
    for code in ("receivables", "debtors", "deferred-revenue", "money-received"):
        assert f'href="/admin/reports/{code}"' in listed
        with counter.counting() as asked:
            answer = counter.get(f"/admin/reports/{code}")
        assert answer.status_code == 200
        assert len(asked) <= 12, asked
    assert counter.get("/admin/reports/nothing").status_code == 404


def test_a_report_shows_rows_totals_and_that_it_ties(counter):
    text = counter.get("/admin/reports/money-received").text
    assert ">Card</td>" in text
    assert "Total EUR" in text
    assert "Beside the ledger" in text
    assert 'name="from"' in text
    debts = counter.get("/admin/reports/debtors").text
    assert "No row fits what was asked for." in debts


def test_csv_has_plain_numbers(counter):
    answer = counter.get("/admin/reports/money-received?format=csv")
    assert answer.mimetype == "text/csv"
    heading, line = answer.text.lstrip("\ufeff").splitlines()
    assert heading == "Day,Account,Payments,Received,Fees,Given back,Left,Currency"
    assert line.endswith(",EUR")


def test_what_can_not_be_asked_stands_at_its_field(counter):
    answer = counter.get("/admin/reports/money-received?from=yesterday")
    assert answer.status_code == 422
    assert "is not a date" in answer.text
    assert 'name="from" value="yesterday" type="date" aria-invalid="true"' in answer.text


def test_a_refusal_keeps_its_capitals(counter):
    answer = counter.get("/admin/reports/receivables?currency=XXX")
    assert answer.status_code == 422
    told = answer.text.split('role="alert"')[1].split("</div>")[0]
    assert "XXX" in told
    assert "ISO 4217" in told
    assert "EUR" in told


def test_a_script_in_the_address_stays_text(counter):
    answer = counter.get("/admin/reports/money-received?currency=<script>")
    assert answer.status_code == 422
    assert "<script>" not in answer.text.split("<main")[1]


def test_a_chart_stands_above_the_table_where_the_report_has_one(counter):
    text = counter.get("/admin/reports/deferred-revenue").text
    assert "Revenue earned and deferred, EUR" in text
    assert "<svg" in text.split("<main")[1]
    assert "<svg" not in counter.get("/admin/reports/debtors").text.split("<main")[1]
    one_day = counter.get("/admin/reports/money-received").text
    assert "<svg" not in one_day.split("<main")[1], "one day is no chart"
