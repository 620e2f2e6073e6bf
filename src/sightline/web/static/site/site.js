/* What every page needs: say that scripts run, tell of lost connections, show heat maps. */
"use strict";

document.documentElement.classList.add("js");

/* The heat map of a photo: over the photo while the pointer rests on it, or for good once it was asked for. */
function heatOf(figure) {
  let image = figure.querySelector("img.heat");
  const link = figure.querySelector(".look");
  if (!image && link) {
    image = document.createElement("img");
    image.className = "heat";
    image.alt = "";
    image.addEventListener("load", () => image.classList.add("there"));
    image.addEventListener("error", () => { link.textContent = "Where it looked cannot be shown just now"; figure.classList.remove("warm"); });
    image.src = link.href;
    figure.querySelector("img.own").after(image);
  }
}

document.addEventListener("pointerover", (event) => {
  const figure = event.target.closest("figure");
  if (figure && event.pointerType === "mouse" && figure.querySelector(".look") && event.target.matches("img.own")) {
    heatOf(figure);
    figure.classList.add("warm");
  }
});
document.addEventListener("pointerout", (event) => {
  const figure = event.target.closest("figure");
  const link = figure && figure.querySelector(".look");
  if (link && event.target.matches("img.own") && link.getAttribute("aria-pressed") !== "true") figure.classList.remove("warm");
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.look");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const figure = link.closest("figure");
  const pressed = link.getAttribute("aria-pressed") !== "true";
  link.setAttribute("role", "button");
  link.setAttribute("aria-pressed", String(pressed));
  heatOf(figure);
  figure.classList.toggle("warm", pressed);
});
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches("a.look")) { event.preventDefault(); event.target.click(); }
});

/* A table that is wider than the window can be scrolled by keyboard; one that fits is no stop on the way. */
function reachTables() {
  for (const part of document.querySelectorAll(".scroll")) {
    if (part.scrollWidth > part.clientWidth) {
      part.tabIndex = 0;
      part.setAttribute("role", "region");
      part.setAttribute("aria-label", part.querySelector("caption")?.textContent || "Table");
    } else part.removeAttribute("tabindex");
  }
}
for (const name of ["DOMContentLoaded", "htmx:afterSettle"]) document.addEventListener(name, reachTables);
window.addEventListener("resize", reachTables);

/* A button that needs so many ticks before it makes sense. */
function countTicks() {
  for (const button of document.querySelectorAll("button[data-needs]")) {
    const ticked = button.form.querySelectorAll("input[type=checkbox]:checked").length;
    button.disabled = ticked < Number(button.dataset.needs);
  }
}
document.addEventListener("change", countTicks);
document.addEventListener("htmx:afterSwap", countTicks);
document.addEventListener("DOMContentLoaded", countTicks);

/* Ticks survive the board's own renewal while a run is in training. */
let ticks = [];
document.addEventListener("htmx:beforeSwap", () => { ticks = [...document.querySelectorAll("#board input:checked")].map((box) => box.value); });
document.addEventListener("htmx:afterSettle", () => {
  for (const box of document.querySelectorAll("#board input[type=checkbox]")) if (ticks.includes(box.value)) box.checked = true;
  countTicks();
});

document.addEventListener("htmx:sendError", () => {
  const main = document.getElementById("main");
  if (main.querySelector(".lost")) return;
  const said = document.createElement("p");
  said.className = "notice bad lost";
  said.setAttribute("role", "alert");
  said.textContent = "The site cannot be reached. Check the connection, then try again.";
  main.prepend(said);
});
document.addEventListener("htmx:afterOnLoad", () => document.querySelector(".lost")?.remove());

/* Another run is chosen: its page. */
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-goes]")) event.target.form.submit();
});
