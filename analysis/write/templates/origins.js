"use strict";
// Where a number comes from: trial ids, and the command that trains them again.
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const panel = document.getElementById("origin");
  const part = (selector) => panel.querySelector(selector);
  const LISTED = 8;
  let opener = null;

  const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

  // "<cell>/<phase>/0-4,7"
  function source(line) {
    const [cell, phase, packed] = line.match(/^(.*)\/(.*)\/(.*)$/s).slice(1);
    const runs = packed.split(",").map((run) => run.split("-").map(Number));
    const numbers = runs.flatMap(([low, high = low]) => Array.from({ length: high - low + 1 }, (_, i) => low + i));
    const [directory, own] = facts.origins[cell] || [facts.directory, cell];
    return { cell, phase, packed, numbers, directory, own };
  }

  function command({ phase, packed, numbers, directory, own }) {
    const rerun = (trial) => `aucstudy rerun ${quoted(directory)} ${quoted(`${own}/${phase}`)}/${trial}`;
    if (numbers.length === 1) return rerun(packed);
    const words = packed.split(",").map((run) => (run.includes("-") ? `$(seq ${run.replace("-", " ")})` : run));
    return `for trial in ${words.join(" ")}; do ${rerun("$trial")}; done`;
  }

  const trialsOf = (button) => button.closest("[data-rows]").dataset.rows;

  const ids = ({ cell, phase, packed, numbers }) =>
    numbers.length > LISTED ? [`${cell}/${phase}/ trials ${packed.replaceAll(",", ", ").replaceAll("-", " to ")}`]
      : numbers.map((trial) => `${cell}/${phase}/${trial}`);

  function show(from, words, packed) {
    const sources = packed.split("\n").map(source);
    opener = from;
    part("output").textContent = words;
    part("ul").replaceChildren(...sources.flatMap(ids).map((id) => {
      const item = document.createElement("li");
      item.textContent = id;
      return item;
    }));
    part("pre").textContent = sources.map(command).join("\n");
    part(".copy").textContent = "Copy";
    panel.hidden = false;
    panel.focus();
  }

  function hide() {
    if (panel.hidden) return;
    panel.hidden = true;
    if (opener) opener.focus();
  }

  function copy() {
    // The clipboard is closed to pages opened from a file in some browsers: the text is selected then.
    getSelection().selectAllChildren(part("pre"));
    part(".copy").textContent = document.execCommand("copy") ? "Copied" : "Selected: press Ctrl+C";
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.from");
    if (button) show(button, button.textContent, trialsOf(button));
    else if (!panel.contains(event.target) && !event.target.closest(".plot")) hide();
  });
  document.addEventListener("pointed", ({ target, detail: { data, customdata, y } }) => {
    if (data.meta) show(target, String(y), data.meta + (customdata ?? ""));
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  part(".close").addEventListener("click", hide);
  part(".copy").addEventListener("click", copy);
  // Titles are made when they are wanted: a large report has thousands of numbers.
  document.addEventListener("pointerover", ({ target }) => {
    const button = target.closest("button.from");
    if (button && !button.title) button.title = trialsOf(button).split("\n").map(source).flatMap(ids).join("\n");
  });
})();
