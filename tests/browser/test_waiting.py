"""Pages that wait for something: with scripts they ask in the background and move on, without there is a link."""

import pytest

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def waiting(walker, shop):
    """Ada, who came back from the gateway before it has told that she paid."""

    def open_page():
        shop.order(shop.customer())
        visitor = walker()
        visitor.sign_in("ada@example.com")
        visitor.go("/pay/1/return")
        assert "Waiting for the payment" in visitor.read()
        return visitor

    return open_page


def test_the_page_moves_on_when_the_money_is_there(waiting, shop):
    visitor = waiting()
    assert visitor.page.locator("meta[http-equiv]").count() == 0
    shop.pay()
    shop.work()
    visitor.page.wait_for_url("**/account/")
    visitor.look()
    assert visitor.read().count("your payment has arrived") == 1


def test_what_changes_on_the_page_is_read_out(waiting):
    visitor = waiting()
    visitor.page.goto(f"{visitor.address}/pay/1/return?looks=19")
    visitor.page.get_by_text("You may leave this page").first.wait_for(timeout=20_000)
    said = visitor.page.locator("main > [role=status].visually-hidden")
    assert "not confirmed it yet" in said.inner_text()
    visitor.look()


def test_what_is_shared_can_be_shared_after_the_page_has_looked(walker, shop):
    shop.order(shop.customer())
    shop.pay()
    visitor = walker()
    visitor.page.add_init_script("navigator.share = async () => {}")
    visitor.sign_in("ada@example.com")
    visitor.go("/account/")
    visitor.page.evaluate(
        """() => {
          document.querySelector("main").innerHTML = "<button data-share='x' hidden>Share</button>";
          document.querySelector("main").dispatchEvent(new Event("looked", { bubbles: true }));
        }"""
    )
    visitor.page.get_by_role("button", name="Share").wait_for()


@pytest.mark.full
def test_without_scripts_a_link_looks_again(chromium, address, shop):
    """Looked at without the rules of accessibility, which are asked by a script."""
    ada = shop.customer()
    shop.order(ada)
    cookie = {"name": "billhead_login", "value": ada.client.get_cookie("billhead_login").value, "url": address}
    with chromium.new_context(java_script_enabled=False) as context:
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(f"{address}/pay/1/return")
        assert not page.get_by_text("This page looks by itself").is_visible()
        shop.pay()
        shop.work()
        page.get_by_role("link", name="Look again").click()
        assert page.url == f"{address}/account/"
