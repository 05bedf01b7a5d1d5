// <button data-insert="text" hidden>: puts the text where the cursor last was in a field of the page.
let field = document.querySelector("textarea");
document.addEventListener("focusin", (event) => {
  if (event.target.matches("textarea, input[type=text]")) field = event.target;
});
for (const button of document.querySelectorAll("button[data-insert]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
  });
}
