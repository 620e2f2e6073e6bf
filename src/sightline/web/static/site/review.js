/* One key for each decision; the focus stays on the question, so that a screen reader says the next one. */
"use strict";

/* From a decision to the next photo's settling, keys wait: a form that htmx has not seen yet would reload the whole page. */
let deciding = false;
const decides = (event) => event.detail.requestConfig?.verb === "post" || event.detail.elt?.matches("form");
document.addEventListener("htmx:beforeRequest", (event) => { if (decides(event)) deciding = true; });
for (const name of ["htmx:afterSettle", "htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => { if (decides(event)) deciding = false; });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches("input, textarea, select")) return;
  const desk = document.getElementById("desk");
  if (!desk || deciding) return;
  const number = Number(event.key);
  const label = document.getElementById("newlabel");
  if (label && number >= 1) {
    const classes = [...label.options].filter((option) => option.value);
    if (classes[number - 1]) { label.value = classes[number - 1].value; desk.querySelector("[data-key=r]").focus(); }
    return;
  }
  const button = desk.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  if (event.key.toLowerCase() === "r" && label && !label.value) { label.focus(); return; }
  button.click();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "desk" || document.getElementById("desk")?.contains(event.target)) {
    if (event.detail.requestConfig.verb === "post") document.getElementById("question")?.focus();
  }
});
