"use strict";
// Notes a decision for each photo (one photo may have several findings), and writes them as decisions.csv.
(() => {
  const cards = [...document.querySelectorAll(".card")];
  const classes = new Set([...document.querySelectorAll("#classes option")].map((option) => option.value));
  const tray = document.querySelector(".tray");
  const key = "sightline-audit:" + tray.dataset.name + ":" + cards.length;
  let decisions = new Map();
  try { decisions = new Map(JSON.parse(localStorage.getItem(key) || "[]")); } catch { /* a page without storage forgets */ }

  const show = () => {
    const count = { keep: 0, relabel: 0, drop: 0 };
    for (const card of cards) {
      const made = decisions.get(card.dataset.path);
      if (made) card.dataset.decision = made.decision; else delete card.dataset.decision;
      for (const button of card.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", String(Boolean(made) && button.dataset.decision === made.decision));
      }
      const other = card.querySelector("input");
      if (other !== document.activeElement) other.value = made && made.decision === "relabel" ? made.label : "";
    }
    for (const made of decisions.values()) count[made.decision] += 1;
    document.getElementById("state").textContent = decisions.size
      ? `${decisions.size} decided: ${count.keep} keep, ${count.relabel} relabel, ${count.drop} drop`
      : "No decisions yet";
    document.getElementById("save").disabled = document.getElementById("clear").hidden = !decisions.size;
    document.getElementById("clear").hidden = !decisions.size;
    try { localStorage.setItem(key, JSON.stringify([...decisions])); } catch { /* as above */ }
  };
  const decide = (card, decision, label = "") => {
    const made = decisions.get(card.dataset.path);
    if (!decision || (made && made.decision === decision && made.label === label)) decisions.delete(card.dataset.path);
    else decisions.set(card.dataset.path, { decision, label });
    show();
  };
  const step = (card, by) => {
    const next = cards[Math.min(cards.length - 1, Math.max(0, cards.indexOf(card) + by))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".choice button");
    if (!button) return;
    const card = button.closest(".card");
    decide(card, button.dataset.decision, button.dataset.decision === "relabel" ? card.dataset.suggested : "");
  });
  document.addEventListener("input", (event) => {
    const other = event.target.closest(".choice input");
    if (!other) return;
    const known = classes.has(other.value);
    other.classList.toggle("unknown", Boolean(other.value) && !known);
    if (known) { decisions.delete(other.closest(".card").dataset.path); decide(other.closest(".card"), "relabel", other.value); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input")) return;
    const card = document.activeElement.closest(".card");
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && card) { event.preventDefault(); step(card, move); return; }
    if (move > 0 && document.activeElement === document.body && cards.length) { event.preventDefault(); step(cards[0], 0); return; }
    if (!card) return;
    const choice = { k: "keep", r: "relabel", d: "drop", u: "" }[event.key.toLowerCase()];
    if (choice === undefined || (choice === "relabel" && !card.dataset.suggested)) return;
    event.preventDefault();
    decisions.delete(card.dataset.path);
    decide(card, choice, choice === "relabel" ? card.dataset.suggested : "");
    if (choice) step(card, 1);
  });
  document.getElementById("clear").addEventListener("click", () => { decisions.clear(); show(); });
  document.getElementById("save").addEventListener("click", () => {
    const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    // As system/spreadsheet.py does it: no cell begins a formula or breaks a line, and each is read back as it was.
    const harmful = /^\s*[=+\-@＝＋－＠]|[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|[;|](?=\s*[=+\-@＝＋－＠])|^'\s*['=+\-@＝＋－＠]|^'.*\\[tnru]/s;
    const names = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };
    const escaped = (found) => names[found] || "\\u" + found.charCodeAt(0).toString(16).padStart(4, "0");
    const defused = (text) =>
      harmful.test(text) ? "'" + text.replace(/\\|[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029;|]/g, escaped) : text;
    const cell = (text) => quoted(defused(text));
    const rows = [...decisions].map(([path, made]) => [path, made.decision, made.label].map(cell).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["path,decision,label\n" + rows.join("\n") + "\n"], { type: "text/csv" }));
    link.download = "decisions.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
  show();
})();
