// The areas' menus are strips on a narrow screen, and may be longer than a wide one: what one is at is scrolled into sight,
// in either direction of writing.
for (const here of document.querySelectorAll(".side [aria-current]")) {
  const side = here.closest(".side"), strip = side.querySelector("ul");
  const seen = strip.getBoundingClientRect(), mine = here.getBoundingClientRect(), all = side.getBoundingClientRect();
  strip.scrollLeft += mine.left + mine.width / 2 - (seen.left + seen.width / 2);
  if (mine.bottom > all.bottom) side.scrollTop += mine.top + mine.height / 2 - (all.top + all.height / 2);
}
