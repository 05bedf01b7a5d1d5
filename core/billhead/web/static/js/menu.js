// A menu may be longer than the screen: what one is at is scrolled into sight, at once or when the menu is opened.
for (const here of document.querySelectorAll(".side [aria-current]")) {
  const side = here.closest(".side");
  const inSight = () => {
    const mine = here.getBoundingClientRect(), all = side.getBoundingClientRect();
    if (mine.bottom > all.bottom) side.scrollTop += mine.top + mine.height / 2 - (all.top + all.height / 2);
  };
  inSight();
  side.addEventListener("toggle", inSight);
}
