"use strict";
// Tables: every heading is a button that sorts.
(() => {
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
})();
