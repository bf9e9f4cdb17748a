// Shows the rules in which every word that is typed occurs, and the chapters that still have one.
(() => {
  "use strict";
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const rules = [...document.querySelectorAll("article")].map((shown) => ({ shown, text: plain(shown.textContent) }));
  const chapters = [...document.querySelectorAll("section.chapter")];

  function show() {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    for (const rule of rules) rule.shown.hidden = !words.every((word) => rule.text.includes(word));
    for (const chapter of chapters) chapter.hidden = !chapter.querySelector("article:not([hidden])");
    const left = rules.filter((rule) => !rule.shown.hidden).length;
    found.textContent = words.length ? found.dataset.words.replace("#", left) : "";
  }

  search.closest("form").hidden = false;
  search.closest("form").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", show);
  window.addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.closest("[hidden]")) {
      search.value = "";
      show();
      target.scrollIntoView();
    }
  });
  show();
})();
