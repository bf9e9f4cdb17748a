// Shows the description of the endpoints with Swagger UI, which asks nobody but this service.
(() => {
  "use strict";
  const shown = document.getElementById("endpoints");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();
  window.SwaggerUIBundle({
    url: shown.dataset.description,
    domNode: shown,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    tryItOutEnabled: true,
    validatorUrl: null,
    persistAuthorization: false,
  });
})();
