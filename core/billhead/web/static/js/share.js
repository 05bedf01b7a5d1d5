// Share buttons: <button data-share="text" data-share-title="…" hidden>. They show up only where the device can share.
function show(within) {
  for (const button of within.querySelectorAll("button[data-share]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.share({ title: button.dataset.shareTitle, text: button.dataset.share });
      } catch {
        // closed without choosing anybody: nothing to say
      }
    });
  }
}

if (navigator.share) {
  show(document);
  addEventListener("looked", (event) => show(event.target)); // what look.js put there
}
