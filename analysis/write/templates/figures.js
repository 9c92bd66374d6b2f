"use strict";
// Figures: unpacked at once, drawn when they come near the window, all of them before printing.
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const plots = [...document.querySelectorAll(".plot")];
  const drawn = new Set();
  const PAPER = { width: 660, height: 860, panel: 315 };
  const NEAR = "800px";
  let figures = null;
  let unwanted = new Set();

  async function unpack(id) {
    const letters = atob(document.getElementById(id).textContent);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  // Figures carry the light colours; their dark partners are put in by name.
  const recolour = (text, night) =>
    night ? text.replace(/#[0-9a-f]{6}/g, (colour) => facts.dark[colour] || colour) : text;

  function draw(plot, night, paper) {
    const figure = JSON.parse(recolour(figures[plot.dataset.figure], night));
    for (const trace of figure.data) if (unwanted.has(trace.legendgroup)) trace.visible = false;
    figure.layout.template = facts.templates[night ? "dark" : "light"];
    // A figure that is taller than a page would be cut in two.
    if (paper) Object.assign(figure.layout, { width: plot.dataset.setting ? paper.panel : paper.width, height: Math.min(figure.layout.height, paper.height), autosize: false });
    const config = { responsive: !paper, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
    Plotly.react(plot, figure.data, figure.layout, config);
    if (drawn.has(plot)) return;
    drawn.add(plot);
    plot.on("plotly_click", (event) => plot.dispatchEvent(new CustomEvent("pointed", { detail: event.points[0], bubbles: true })));
  }

  // Names in figures are as markup; what stands in a legend is compared as it was written.
  const escaped = (name) => name.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function paint(night, paper) {
    for (const swatch of document.querySelectorAll("[data-colour]")) {
      swatch.style.background = recolour(swatch.dataset.colour, night);
    }
    (paper ? plots : drawn).forEach((plot) => draw(plot, night, paper));
  }

  async function start() {
    const [script, texts] = await Promise.all([unpack("plotly"), unpack("figures")]);
    const element = document.createElement("script");
    element.textContent = script;
    document.head.append(element);
    figures = Object.fromEntries(
      Object.entries(JSON.parse(texts)).map(([name, figure]) => [name, JSON.stringify(figure)]));
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        observer.unobserve(entry.target);
        if (!drawn.has(entry.target)) draw(entry.target, dark.matches);
      }
    }, { rootMargin: NEAR });
    plots.forEach((plot) => observer.observe(plot));
    dark.addEventListener("change", () => paint(dark.matches));
    window.addEventListener("beforeprint", () => paint(false, PAPER));
    window.addEventListener("afterprint", () => paint(dark.matches));
    document.addEventListener("filtered", ({ detail }) => {
      const names = new Set([...detail].map(escaped));
      if (!names.size && !unwanted.size) return;
      unwanted = names;
      paint(dark.matches);
    });
    // What was folded while the window changed has the old width.
    document.querySelectorAll("details.chapter").forEach((chapter) => chapter.addEventListener("toggle", () => {
      if (chapter.open) chapter.querySelectorAll(".plot").forEach((plot) => { if (drawn.has(plot)) Plotly.Plots.resize(plot); });
    }));
    document.documentElement.dataset.ready = "";
  }

  paint(dark.matches);
  if (!plots.length) return;
  if (!window.DecompressionStream) {
    plots.forEach((plot) => { plot.textContent = "This figure needs a browser of 2023 or later; its numbers are in the tables."; });
    return;
  }
  start();
})();
