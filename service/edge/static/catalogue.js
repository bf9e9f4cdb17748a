// Shows the rules, and the statements that are not computed, in which every word that is typed occurs: whole words and beginnings
// of words, without accents, and what they stand for (brands, abbreviations) from the table that the page brings.
(() => {
  "use strict";
  const SHORT = 3; // letters: so short a word is meant whole where it is one
  const fold = (text) => ` ${text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/œ/gi, "oe").toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ").trim()} `;
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const form = search.closest("form");
  const searched = (selector) => [...document.querySelectorAll(selector)].map((shown) => ({ shown, text: fold(shown.textContent) }));
  const rules = searched("article");
  const statements = searched(".not-computed tbody tr");
  const all = [...rules, ...statements];
  const chapters = [...document.querySelectorAll("section.chapter, section.not-computed")];
  const synonyms = JSON.parse(form.dataset.synonyms).map(([typed, means]) => ({ typed, said: fold(typed), means }));

  const anywhere = (part) => all.some(({ text }) => text.includes(part));

  // What a word, or all that is typed, may be: parts of a text, one of which it has to hold; and the synonyms that were taken,
  // where it may stand for something `other`.
  function meanings(folded, direct, other = true) {
    const whole = folded;
    const begins = folded.trimEnd();
    const known = direct && anywhere(whole);
    const own = direct ? [begins.length - 1 <= SHORT && known ? whole : begins] : [];
    const exact = other ? synonyms.filter(({ said }) => said === whole) : [];
    const near = !other || (direct && anywhere(begins)) ? [] : synonyms.filter(({ said }) => begins.length > SHORT && said.startsWith(begins));
    const taken = exact.length ? exact : near;
    return { parts: [...own, ...taken.flatMap(({ means }) => means.map((one) => fold(one).trimEnd()))], taken };
  }

  function show() {
    const typed = fold(search.value);
    const several = typed.trim().includes(" ");
    const phrase = several ? meanings(typed, false) : { parts: [], taken: [] };
    const words = typed.split(" ").filter(Boolean).map((word) => meanings(` ${word} `, true, !phrase.taken.length));
    const holds = (text, parts) => parts.some((part) => text.includes(part));
    for (const one of all) {
      one.shown.hidden = !words.every(({ parts }) => holds(one.text, parts)) && !holds(one.text, phrase.parts);
    }
    for (const chapter of chapters) chapter.hidden = !chapter.querySelector("article:not([hidden]), .not-computed tr:not([hidden]) td");
    const left = (some) => some.filter(({ shown }) => !shown.hidden).length;
    const told = [found.dataset.words.replace("#", left(rules))];
    if (left(statements)) told.push(found.dataset.notComputed.replace("#", left(statements)));
    const taken = [...words, phrase].flatMap((one) => one.taken).slice(0, 3);
    told.push(...taken.map(({ typed: name, means }) => `${name} = ${means.join(", ")}`));
    found.textContent = words.length ? told.join(" · ") : "";
  }

  function keepForOtherLanguages() {
    for (const link of document.querySelectorAll("header nav a[hreflang]")) link.hash = location.hash;
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", show);
  window.addEventListener("hashchange", () => {
    keepForOtherLanguages();
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.closest("[hidden]")) {
      search.value = "";
      show();
      target.scrollIntoView();
    }
  });
  keepForOtherLanguages();
  show();
})();
