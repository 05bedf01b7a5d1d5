// Share buttons: <button data-share="text" data-share-title="…" hidden>. They show up only where the device can share.
if (navigator.share) {
  for (const button of document.querySelectorAll("button[data-share]")) {
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
