"use strict";
// Chapters: a link opens the one that it leads to, all are open on paper.
(() => {
  const chapters = [...document.querySelectorAll("details.chapter")];
  let folded = [];

  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const chapter = target.querySelector(":scope > details.chapter") || target.closest("details.chapter");
    if (!chapter || chapter.open) return;
    chapter.open = true;
    target.scrollIntoView();
  }

  // On a small window the contents list would fill the first screen.
  const contents = document.getElementById("contents");
  const small = window.matchMedia("(max-width: 1020px)");
  const fit = () => { contents.open = !small.matches; };
  small.addEventListener("change", fit);
  fit();

  window.addEventListener("hashchange", reveal);
  // The same link a second time changes no address.
  document.addEventListener("click", ({ target }) => { if (target.closest('a[href^="#"]')) setTimeout(reveal); });
  document.getElementById("unfold").addEventListener("click", ({ target }) => {
    const open = chapters.some((chapter) => !chapter.open);
    chapters.forEach((chapter) => { chapter.open = open; });
    target.textContent = open ? "Fold all" : "Open all";
  });
  window.addEventListener("beforeprint", () => {
    folded = [contents, ...chapters].filter((chapter) => !chapter.open);
    folded.forEach((chapter) => { chapter.open = true; });
  });
  window.addEventListener("afterprint", () => folded.forEach((chapter) => { chapter.open = false; }));
  reveal();
})();
