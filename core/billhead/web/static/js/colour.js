// A colour is chosen from a picker as well as typed; an empty one stays empty until one is chosen.
for (const picker of document.querySelectorAll("input[data-colour]")) {
  const typed = document.getElementById(picker.dataset.colour);
  const tell = () => { if (/^#[0-9a-f]{6}$/i.test(typed.value)) picker.value = typed.value.toLowerCase(); };
  picker.value = typed.placeholder;
  tell();
  picker.hidden = false;
  picker.addEventListener("input", () => { typed.value = picker.value; });
  typed.addEventListener("input", tell);
}
