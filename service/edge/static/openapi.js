// Shows the description of the endpoints with Swagger UI, which asks nobody but this service.
(() => {
  "use strict";
  const shown = document.getElementById("endpoints");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();

  // What its markup lacks for a screen reader: names, and headings and landmarks in the order of our page.
  const names = [["select", "title"], ["textarea", "title"], ["input", "placeholder"]];
  function name() {
    shown.querySelector("main")?.setAttribute("role", "group");
    for (const heading of shown.querySelectorAll("h3, h4, h5")) heading.setAttribute("role", "presentation");
    for (const [kind, from] of names) {
      for (const one of shown.querySelectorAll(`${kind}:not([aria-label])`)) {
        const row = one.closest("tr, .opblock-section-header, .examples-select, .opblock-section-request-body");
        one.setAttribute("aria-label", one[from] || row?.innerText.split("\n", 1)[0] || kind);
      }
    }
    for (const one of shown.querySelectorAll("pre:not([tabindex])")) one.tabIndex = 0;
  }
  new MutationObserver(name).observe(shown, { childList: true, subtree: true });

  window.SwaggerUIBundle({
    url: shown.dataset.description,
    domNode: shown,
    deepLinking: false, // its links would stand within buttons
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    tryItOutEnabled: true,
    syntaxHighlight: false, // its colours are too pale for some
    validatorUrl: null,
    persistAuthorization: false,
  });
})();
