// Adds a score up as it is filled in, and writes it as a FHIR QuestionnaireResponse. Sends nothing anywhere.
(() => {
  "use strict";
  const form = document.getElementById("score");
  const score = JSON.parse(form.dataset.form);
  const total = document.getElementById("total");
  const meaning = document.getElementById("meaning");
  const take = document.getElementById("take");
  const response = document.getElementById("response");
  const chosen = (name) => form.querySelector(`input[name="${name}"]:checked`);
  const words = (input) => input.parentElement.firstChild.nextSibling.textContent.trim();

  function reckon() {
    const inputs = score.questions.map(chosen);
    const complete = inputs.every(Boolean);
    take.disabled = !complete;
    response.hidden = true;
    if (!complete) {
      total.textContent = "–";
      meaning.textContent = "";
      return null;
    }
    const sum = inputs.reduce((points, input) => points + Number(input.dataset.points), 0);
    total.textContent = String(sum);
    meaning.textContent = score.bands.filter((band) => band.first <= sum).at(-1).text;
    return sum;
  }

  function written(sum) {
    const coded = (name, system) => {
      const input = chosen(name);
      return { linkId: name, answer: [{ valueCoding: { system, code: input.value, display: words(input) } }] };
    };
    const items = score.questions.map((name) => coded(name, score.answers));
    if (chosen(score.bone)) items.push(coded(score.bone, score.snomed));
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
  take.addEventListener("click", async () => {
    response.value = JSON.stringify(written(reckon()), null, 2);
    response.hidden = false;
    response.select();
    try {
      await navigator.clipboard.writeText(response.value);
    } catch {
      // Without the clipboard the text is there to be copied by hand.
    }
  });
  reckon();
})();
