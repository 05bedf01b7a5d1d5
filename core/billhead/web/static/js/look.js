// A page that looks again while something is on its way: what stands in <div data-look="address"> is asked for in the
// background until the answer names no address any more, or leads elsewhere. Without scripts a link does the same.
const COULD_BE_FOCUSED = "a[href], button, input, select, textarea, summary";
const part = document.querySelector("[data-look]");
const said = document.createElement("p"); // there before it says something, or it is not read out
said.className = "visually-hidden";
said.setAttribute("role", "status");
part?.after(said);

const wait = () => Number(part.dataset.lookEvery) * 1000;

async function look() {
  const answer = await fetch(part.dataset.look, { headers: { Accept: "text/html", "X-Look": "1" } });
  const elsewhere = answer.headers.get("X-Leads-To");
  if (elsewhere) return location.replace(elsewhere);
  if (!answer.ok) throw new Error(`nothing to look at, at ${part.dataset.look}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-look-part]");
  if (!fresh) return location.replace(part.dataset.look); // another page: a payment that failed
  show(fresh);
  follow();
}

function show(fresh) {
  const changed = fresh.textContent.trim() !== part.textContent.trim();
  part.dataset.look = fresh.dataset.look ?? "";
  if (!changed) return;
  const focused = [...part.querySelectorAll(COULD_BE_FOCUSED)].indexOf(document.activeElement);
  const words = fresh.querySelector("[role=status], [aria-live]")?.innerText ?? (fresh.dataset.look ? "" : part.dataset.done);
  part.replaceChildren(...document.adoptNode(fresh).childNodes);
  if (focused >= 0) part.querySelectorAll(COULD_BE_FOCUSED)[focused]?.focus();
  part.dispatchEvent(new Event("looked", { bubbles: true }));
  if (words) said.textContent = words.replace(/\s+/g, " ").trim();
}

function follow() {
  if (part.dataset.look) setTimeout(() => look().catch(() => setTimeout(follow, 3 * wait())), wait());
}

if (part) follow();
