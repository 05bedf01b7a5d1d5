// Copy buttons: <button data-copy="text" hidden>. They show up only where copying works; <body> has the words.
function show(within) {
  for (const button of within.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    if (button.dataset.text === "first") button.focus(); // what one came for: Enter copies it
    const before = button.innerHTML;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = document.body.dataset.copied;
      } catch {
        button.textContent = document.body.dataset.copyByHand;
      }
      setTimeout(() => { button.innerHTML = before; }, 2000);
    });
  }
}

if (navigator.clipboard) {
  show(document);
  addEventListener("looked", (event) => show(event.target)); // what look.js put there
}
