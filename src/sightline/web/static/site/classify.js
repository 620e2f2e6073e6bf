/* Photos dropped, pasted, picked or taken: sent one by one, three at a time, each answered by its card. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("ask");
  if (!form) return;
  const drop = form.querySelector(".drop");
  const cards = document.getElementById("cards");
  const results = document.getElementById("results");
  const progress = document.getElementById("progress");
  const bar = progress.querySelector("progress");
  const said = progress.querySelector("[role=status]");
  const csv = document.getElementById("csv");
  const waiting = [];
  let busy = 0, done = 0, total = 0, failed = 0;
  form.classList.add("ready");

  function add(files) {
    const photos = [...files];
    if (!photos.length) return;
    if (!busy && !waiting.length) { done = total = failed = 0; }
    const first = !cards.childElementCount;
    results.classList.remove("none");
    const made = photos.map((file) => [file, placeholder(file)]);
    for (const entry of made) {
      cards.append(entry[1]);
      waiting.push(entry);
      total += 1;
    }
    (first ? results : made[0][1]).scrollIntoView({ block: "start" });
    next();
  }

  function placeholder(file) {
    const card = document.createElement("article");
    card.className = "card waiting";
    const figure = document.createElement("figure");
    const image = document.createElement("img");
    image.alt = "";
    image.className = "own";
    image.src = URL.createObjectURL(file);
    image.addEventListener("error", () => image.remove());
    figure.append(image);
    const body = document.createElement("div");
    body.className = "body";
    const name = document.createElement("p");
    name.className = "path";
    name.textContent = file.name;
    const state = document.createElement("p");
    state.className = "pulse";
    state.textContent = "Looking…";
    body.append(name, state);
    card.append(figure, body);
    return card;
  }

  function next() {
    show();
    while (busy < 3 && waiting.length) {
      busy += 1;
      const [file, card] = waiting.shift();
      send(file, card, 0).finally(() => { busy -= 1; done += 1; next(); });
    }
  }

  function show() {
    progress.hidden = total < 2;
    bar.max = total || 1;
    bar.value = done;
    said.textContent = done < total ? `${done} of ${total}` : `${total} photos, ${failed ? `${failed} could not be read` : "all answered"}`;
  }

  async function send(file, card, attempt) {
    const most = Number(form.dataset.mostMb) * 1e6;
    if (file.size > most) return fail(card, `This photo has ${(file.size / 1e6).toFixed(1)} MB; ${form.dataset.mostMb} MB are allowed.`);
    const data = new FormData();
    data.append("photos", file);
    data.append("run", form.elements.run.value);
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    let response;
    try {
      response = await fetch(form.dataset.one, { method: "POST", body: data, headers: { "X-Fragment": "1" } });
    } catch {
      return fail(card, "The site cannot be reached. Check the connection, then try again.");
    }
    const later = Number(response.headers.get("Retry-After"));
    if ([429, 503, 504].includes(response.status) && attempt < 6 && later < 120) {
      card.querySelector(".pulse").textContent = "Busy; waiting for a place…";
      await new Promise((resolve) => setTimeout(resolve, (later || 2) * 1000 + Math.random() * 500));
      return send(file, card, attempt + 1);
    }
    const text = await response.text();
    const made = new DOMParser().parseFromString(text, "text/html").body;
    if (!response.ok) return fail(card, made.textContent.trim() || "Something broke. Try again.");
    const image = card.querySelector("img");
    if (image) URL.revokeObjectURL(image.src);
    const answer = made.querySelector("article");
    card.replaceWith(answer);
    htmx.process(answer);
    return undefined;
  }

  function fail(card, reason) {
    failed += 1;
    card.className = "card failed";
    const said = document.createElement("p");
    said.className = "notice bad";
    said.setAttribute("role", "alert");
    said.textContent = reason;
    card.querySelector(".pulse").replaceWith(said);
  }

  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => { add(input.files); input.value = ""; });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  /* The table has a row for each photo, in the order in which they were given; one that could not be read says why. */
  csv.addEventListener("submit", () => {
    const rows = [...cards.querySelectorAll("article:not(.waiting)")].map((card) => card.dataset.photo
      ? { photo: card.dataset.photo }
      : { name: card.querySelector(".path").textContent, error: card.querySelector("[role=alert]").textContent });
    csv.elements.results.value = JSON.stringify(rows);
  });
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    add(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) { event.preventDefault(); add(event.clipboardData.files); }
  });
});
