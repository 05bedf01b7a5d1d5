// On a narrow screen the areas' menus are strips: what one is at is scrolled into sight, in either direction of writing.
for (const here of document.querySelectorAll(".side [aria-current]")) {
  const strip = here.closest("ul");
  const seen = strip.getBoundingClientRect(), mine = here.getBoundingClientRect();
  strip.scrollLeft += mine.left + mine.width / 2 - (seen.left + seen.width / 2);
}
