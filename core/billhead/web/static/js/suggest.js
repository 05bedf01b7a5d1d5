// Articles that may answer it already, while a subject is typed: <input data-suggest="/address"> and, beside it,
// an element with data-suggestions, into which our own server's piece of page is put.
const input = document.querySelector("input[data-suggest]");
const into = document.querySelector("[data-suggestions]");
if (input && into) {
  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const asked = input.value;
      if (asked.trim().length < 3) { into.replaceChildren(); return; }
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(asked)}`);
      if (answer.ok && input.value === asked) into.innerHTML = await answer.text();
    }, 300);
  });
}
