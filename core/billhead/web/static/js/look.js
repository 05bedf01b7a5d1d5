// A page that looks again: <div data-look="address"> is replaced by what the address shows in its place, until that has
// no address any more, or leads elsewhere. Without scripts a refresh does the same.
const WAIT = 1500;

async function look(part) {
  const answer = await fetch(part.dataset.look, { headers: { Accept: "text/html" } });
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) {
    location.replace(answer.url);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-look-part]");
  if (!answer.ok || !fresh) throw new Error(`nothing to look at, at ${part.dataset.look}`);
  const here = document.adoptNode(fresh);
  part.replaceWith(here);
  follow(here);
}

function follow(part) {
  if (!part?.dataset.look) return;
  setTimeout(() => look(part).catch(() => setTimeout(() => follow(part), 4 * WAIT)), WAIT);
}

follow(document.querySelector("[data-look-part]"));
