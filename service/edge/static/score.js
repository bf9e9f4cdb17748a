// Adds a score up as it is filled in, and writes it as a FHIR QuestionnaireResponse. Sends nothing anywhere.
(() => {
  "use strict";
  const form = document.getElementById("score");
  const score = JSON.parse(form.dataset.form);
  const total = document.getElementById("total");
  const meaning = document.getElementById("meaning");
  const bands = [...document.querySelectorAll("#bands li")];
  const take = document.getElementById("take");
  const copied = document.getElementById("copied");
  const response = document.getElementById("response");
  const chosen = (name) => form.querySelector(`input[name="${name}"]:checked`);
  const words = (input) => input.parentElement.querySelector(".words").textContent.trim();

  function reckon() {
    const inputs = score.questions.map(chosen);
    const complete = inputs.every(Boolean);
    const sum = complete ? inputs.reduce((points, input) => points + Number(input.dataset.points), 0) : null;
    const band = complete ? bands.filter((one) => Number(one.dataset.first) <= sum).at(-1) : null;
    for (const one of bands) one.classList.toggle("reached", one === band);
    total.textContent = complete ? String(sum) : "–";
    meaning.textContent = band ? band.textContent : "";
    take.disabled = !complete;
    response.hidden = true;
    copied.textContent = "";
    return sum;
  }

  function written(sum) {
    const coded = (name, system) => {
      const input = chosen(name);
      return { linkId: name, answer: [{ valueCoding: { system, code: input.value, display: words(input) } }] };
    };
    const items = score.questions.map((name) => coded(name, score.answers));
    if (score.bone && chosen(score.bone)) items.push(coded(score.bone, score.snomed));
    items.push({ linkId: score.finding, answer: [{ valueInteger: sum }] });
    return {
      resourceType: "QuestionnaireResponse",
      questionnaire: score.canonical,
      status: "completed",
      authored: new Date().toISOString(),
      item: items,
    };
  }

  form.addEventListener("change", reckon);
  form.addEventListener("reset", () => setTimeout(reckon));
  take.addEventListener("click", async () => {
    response.value = JSON.stringify(written(reckon()), null, 2);
    response.hidden = false;
    response.select();
    try {
      await navigator.clipboard.writeText(response.value);
      copied.textContent = copied.dataset.copied;
    } catch {
      copied.textContent = copied.dataset.select; // a browser gives the clipboard to https and loopback only
    }
  });
  reckon();
})();
