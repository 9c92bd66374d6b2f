"use strict";
(() => {
  const themes = JSON.parse(document.getElementById("themes").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const PRINT_WIDTH = 660;

  // Figures carry the light colours; their dark partners are put in by name.
  const recolour = (text, night) =>
    night ? text.replace(/#[0-9a-f]{6}/g, (colour) => themes.dark[colour] || colour) : text;

  function draw(night, width) {
    for (const source of document.querySelectorAll("script[data-figure]")) {
      const figure = JSON.parse(recolour(source.textContent, night));
      figure.layout.template = themes.templates[night ? "dark" : "light"];
      if (width) Object.assign(figure.layout, { width, autosize: false });
      const config = { responsive: !width, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
      Plotly.react(source.dataset.figure, figure.data, figure.layout, config);
    }
    for (const swatch of document.querySelectorAll("[data-colour]")) {
      swatch.style.background = recolour(swatch.dataset.colour, night);
    }
  }

  // Missing values (no data-sort) stay last in both directions.
  function compare(a, b, numeric, sign) {
    const [x, y] = [a, b].map((cell) => (numeric ? cell.dataset.sort : cell.textContent.trim()));
    if (!x || !y) return x ? -1 : y ? 1 : 0;
    return sign * (numeric ? Number(x) - Number(y) : x.localeCompare(y, undefined, { numeric: true }));
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads.forEach((head, index) => {
      head.querySelector("button").addEventListener("click", () => {
        const numeric = head.classList.contains("number");
        const state = head.getAttribute("aria-sort");
        // Numbers begin with the largest, words with the first letter.
        const rising = state === "none" ? !numeric : state === "descending";
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => compare(a.cells[index], b.cells[index], numeric, rising ? 1 : -1));
        table.tBodies[0].append(...rows);
      });
    });
  }

  document.querySelectorAll("table[data-sortable]").forEach(sortable);
  draw(dark.matches);
  dark.addEventListener("change", () => draw(dark.matches));
  window.addEventListener("beforeprint", () => draw(false, PRINT_WIDTH));
  window.addEventListener("afterprint", () => draw(dark.matches));
})();
