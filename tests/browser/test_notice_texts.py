"""Staff write a notice in words of their own: a fact by a click, how it looks in the frame beside it, then saved."""

from walking import PHONE

PAGE = "/admin/sellers/1/notice-texts/reminder/en"


def test_a_text_is_written_shown_and_saved(shop, walker):
    shop.person("staff", "boss@northcable.example", "*")
    boss = walker()
    boss.sign_in("boss@northcable.example", "/sign-in?next=/admin/notice-texts")
    assert boss.page.url.endswith("/admin/notice-texts")
    boss.go(PAGE)
    boss.page.get_by_label("Subject", exact=True).fill("Soon due: ")
    boss.page.get_by_label("Subject", exact=True).press("End")
    boss.page.locator("button[data-insert='{{document.title}}']").click()
    assert boss.page.get_by_label("Subject", exact=True).input_value() == "Soon due: {{document.title}}"
    boss.page.get_by_role("button", name="Show how it looks").click()
    letter = boss.page.frame_locator("iframe[name=letter]")
    letter.get_by_text("Pay now").first.wait_for()
    boss.look()
    boss.page.get_by_role("button", name="Save").click()
    boss.page.get_by_text("Saved. It holds").wait_for()
    assert boss.page.get_by_label("Subject", exact=True).input_value() == "Soon due: {{document.title}}"
    boss.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    boss.look()
    boss.go("/admin/notice-texts")
