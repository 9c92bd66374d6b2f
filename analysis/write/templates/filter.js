"use strict";
// Filter: rows that name what is not ticked are hidden, and so are a method's lines in figures.
// Nothing is computed anew: ranks, corrections and counts stay those of the whole study.
(() => {
  const box = document.getElementById("filter");
  const form = box.querySelector("form");
  const said = document.getElementById("filter-said");

  const off = (kind) => new Set([...form.querySelectorAll(`[data-kind="${kind}"] input:not(:checked)`)].map((input) => input.value));

  // The names of a row stand in cells of their own; a number or a sentence names nothing.
  const names = (row) => [...row.querySelectorAll(".row, .key")].map((cell) => cell.firstElementChild.textContent.replaceAll("\u00a0", " "));

  function apply() {
    const methods = off("methods");
    const settings = off("settings");
    const gone = new Set([...methods, ...settings]);
    let hidden = 0;
    for (const row of document.querySelectorAll("table[data-sortable] tbody tr")) {
      row.hidden = gone.size > 0 && names(row).some((name) => gone.has(name));
      hidden += row.hidden;
    }
    for (const plot of document.querySelectorAll(".plot[data-setting]")) plot.parentElement.hidden = settings.has(plot.dataset.setting);
    box.querySelector(".filtering").hidden = !gone.size;
    said.hidden = !gone.size;
    said.textContent = gone.size ? `Filter: without ${[...gone].join("; ")}. ${hidden} table rows are hidden, and these methods' lines in figures; all numbers are those of the whole study.` : "";
    document.dispatchEvent(new CustomEvent("filtered", { detail: methods }));
  }

  form.addEventListener("change", apply);
  form.addEventListener("reset", () => requestAnimationFrame(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  // A browser that goes back keeps what was ticked.
  window.addEventListener("pageshow", apply);
})();
