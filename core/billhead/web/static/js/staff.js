// The keys and dialogs of staff and resellers. Everything here works without it too, one page load slower.

const typing = (element) => element.matches("input, select, textarea, [contenteditable]");

// "/" finds anything, "f" goes to the list's own search, Escape leaves the field; "n" adds one, "c" copies the text.
const keys = { "/": "[data-find]", f: "[data-search]" };
const pressed = { n: "a[data-new]", c: "button[data-text]:not([hidden])" };
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("input[type=search]")) event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  const acts = pressed[event.key] && document.querySelector(pressed[event.key]);
  if (acts) {
    event.preventDefault();
    acts.click();
  }
  const field = keys[event.key] && document.querySelector(keys[event.key]);
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// A filter that is chosen is applied at once.
for (const form of document.querySelectorAll("form[data-live]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.value === "") field.disabled = true; // short addresses
  });
}
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[data-live] :disabled")) field.disabled = false;
});

// A long list is narrowed while one types: what fits has a word that begins with each of the words, and the first of it
// is chosen, and said. Up and down go on from there, Enter sends the form.
const wordsOf = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").match(/[\p{L}\p{N}]+/gu) ?? [];
for (const finder of document.querySelectorAll("input[data-finds]")) {
  const list = document.getElementById(finder.dataset.finds);
  const said = finder.parentElement.querySelector("[role=status]");
  const all = [...list.options];
  const fits = (option, typed) => {
    const own = wordsOf(option.dataset.words ?? option.text);
    return typed.every((word) => own.some((one) => one.startsWith(word)));
  };
  const inSight = () => {
    const seen = list.getBoundingClientRect(), mine = chosen.getBoundingClientRect();
    list.scrollTop += mine.top + mine.height / 2 - (seen.top + seen.height / 2);
  };
  const say = () => { said.textContent = list.selectedOptions[0]?.text ?? said.dataset.none; };
  finder.hidden = all.length <= list.size;
  let chosen = list.selectedOptions[0];
  if (chosen) inSight();
  const narrow = () => {
    const typed = wordsOf(finder.value);
    chosen = list.selectedOptions[0] ?? chosen; // what is taken out stays selected, and of two the last would win
    list.replaceChildren(...all.filter((option) => fits(option, typed)));
    if (typed.length) list.selectedIndex = list.length ? 0 : -1;
    else if (chosen) {
      list.value = chosen.value;
      inSight();
    }
    say();
  };
  for (const kind of ["input", "search"]) finder.addEventListener(kind, narrow); // Escape clears it with no input
  finder.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !list.length) return;
    event.preventDefault();
    list.selectedIndex = Math.min(Math.max(list.selectedIndex + step, 0), list.length - 1);
    say();
  });
}

// So is a list of boxes: what is ticked stays in sight.
for (const finder of document.querySelectorAll("input[data-narrows]")) {
  const rows = [...finder.nextElementSibling.children];
  finder.hidden = false;
  finder.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  for (const kind of ["input", "search"]) finder.addEventListener(kind, () => {
    const typed = wordsOf(finder.value);
    for (const row of rows) {
      const own = wordsOf(row.textContent);
      row.hidden = !row.querySelector(":checked") && !typed.every((word) => own.some((one) => one.startsWith(word)));
    }
  });
}

// How many are picked of a list, and all of a page at once. A page that one comes back to keeps what was picked.
for (const said of document.querySelectorAll("[data-picked]")) {
  const form = said.closest("form"), page = form.querySelector("[data-pick-page]");
  const picks = [...form.querySelectorAll("[name=pick]")];
  const tell = () => {
    const count = picks.filter((one) => one.checked).length;
    said.hidden = !count;
    said.textContent = said.dataset.picked.replace("#", count);
    page.firstElementChild.checked = count === picks.length;
    page.firstElementChild.indeterminate = count > 0 && count < picks.length;
  };
  page.hidden = picks.length < 2;
  form.addEventListener("change", (event) => {
    if (page.contains(event.target)) for (const one of picks) one.checked = event.target.checked;
    tell();
  });
  addEventListener("pageshow", tell);
}

// A question is shown over the page that led to it; whatever goes wrong, the link is followed as it stands.
const dialog = document.createElement("dialog");
dialog.className = "question";
dialog.setAttribute("aria-labelledby", "question");
document.body.append(dialog);
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-close]")) {
    event.preventDefault();
    dialog.close();
  }
});
dialog.addEventListener("submit", (event) => {
  if (dialog.dataset.sent) event.preventDefault();
  dialog.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});

async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const question = page.querySelector("[data-question]");
  if (!answer.ok || !question) throw new Error(`no question at ${address}`);
  delete dialog.dataset.sent;
  dialog.replaceChildren(document.adoptNode(question));
  dialog.showModal();
  dialog.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-ask]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  ask(link.href).catch(() => { location.href = link.href; });
});
