"""Exchange rates behind the counter: entered, refused at their field, listed and taken along as CSV."""


def test_a_rate_is_entered_and_listed(counter):
    page = "/admin/rates/one"
    told = {"day": "2026-10-30", "currency": "USD", "base": "EUR", "rate": "0.9215", "source": "ECB"}
    assert 'selected value="EUR"' in counter.get(page).text
    refused = counter.post(page, **{**told, "rate": "0"})
    assert (refused.status_code, "is not a rate" in refused.text) == (422, True)
    assert "has not come yet" in counter.post(page, **{**told, "day": "2090-01-01"}).text
    assert counter.post(page, **told).status_code == 303
    assert "It was 0.9215." in counter.get(counter.post(page, **{**told, "rate": "0.93"}).location).text
    assert "0.93" in counter.get("/admin/rates").text
    assert "USD,0.93,EUR,ECB" in counter.get("/admin/rates?format=csv").text
    assert [subject for _, subject, _ in counter.trail("rates.enter")] == ["rate:USD-EUR"] * 2
    trainee = counter.shop.person("staff", "trainee@example.com")
    assert trainee.get("/admin/rates").status_code == 200
    assert trainee.get(page).status_code == 403
