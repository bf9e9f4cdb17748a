// Keeps the case of the page in the fragment of its address, which no browser sends anywhere, and opens the case of a link.
(() => {
  "use strict";
  const form = document.getElementById("try");
  const told = document.getElementById("told");
  const shown = (id) => document.getElementById(id);
  const state = form.dataset.link;
  const asked = (hash) => (/^#[A-Za-z0-9_-]{12,8000}$/.test(hash) ? hash.slice(1) : "");

  function open(linked) {
    form.elements.state.value = linked;
    const act = document.createElement("input");
    Object.assign(act, { type: "hidden", name: "do", value: "open" });
    for (const other of form.querySelectorAll("[name]")) if (other.name !== "state") other.disabled = true;
    form.append(act);
    form.submit();
  }

  const linked = asked(location.hash);
  const fresh = performance.getEntriesByType("navigation")[0]?.type !== "reload" || linked !== state;
  if (linked && linked !== state && fresh) {
    open(linked);
    return;
  }
  const here = location.hash === "#cards" ? shown("cards") : null;
  if (state) {
    history.replaceState(null, "", `${location.pathname}${location.search}#${state}`);
    shown("link-about").hidden = false;
  }
  here?.focus();
  for (const link of document.querySelectorAll("header nav a[hreflang]")) {
    const query = new URLSearchParams(location.search);
    query.set("lang", link.hreflang);
    link.href = `?${query}${state ? `#${state}` : ""}`;
  }
  window.addEventListener("hashchange", () => {
    const other = asked(location.hash);
    if (other && other !== state) open(other);
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // it would replace the fragment
    shown("main").focus();
  });

  const curl = shown("curl");
  if (!curl.dataset.public) curl.textContent = curl.textContent.replace(" /cds-services", ` ${location.origin}/cds-services`);

  async function copy(what) {
    const source = shown(what);
    const text = what === "link" ? location.href : source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
      told.textContent = told.dataset.copied;
    } catch {
      source?.closest("details")?.setAttribute("open", ""); // a browser gives the clipboard to https and loopback only
      told.textContent = told.dataset.select;
    }
  }

  function save(what, name) {
    const address = URL.createObjectURL(new Blob([shown(what).value], { type: "application/json" }));
    const link = Object.assign(document.createElement("a"), { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
    told.textContent = told.dataset.saved;
  }

  for (const button of document.querySelectorAll("[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button.dataset.copies));
  }
  for (const button of document.querySelectorAll("[data-saves]")) {
    button.hidden = false;
    button.addEventListener("click", () => save(button.dataset.saves, button.dataset.name));
  }
})();
