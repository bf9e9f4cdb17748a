// Adds a score up as it is filled in, and writes it as a FHIR Observation of the patient and the bone that the card's link names.
// Nothing goes to the service. What goes to the EHR goes by SMART Web Messaging, to the one origin that is configured for it.
(() => {
  "use strict";
  const form = document.getElementById("score");
  const score = JSON.parse(form.dataset.form);
  const shown = (id) => document.getElementById(id);
  const bands = [...document.querySelectorAll("#bands li")];
  const takes = [...document.querySelectorAll(".take")];
  const [send, told, written, bone] = ["send", "told", "written", "bone"].map(shown);
  const language = document.documentElement.lang;
  const WAIT = 10_000; // milliseconds for the EHR to answer

  // --- what the card's link says: in the fragment, which no browser sends anywhere ---
  const about = new URLSearchParams(location.hash.slice(1, 4096));
  const subject = /^Patient\/[A-Za-z0-9._-]{1,248}$/.test(about.get("subject")) ? about.get("subject") : "";
  const known = (code) => Object.hasOwn(score.places, code);
  const meant = about.getAll(score.bone).filter(known);
  const meantSide = meant.length && known(meant[0]) && Object.hasOwn(score.places[meant[0]], about.get(score.side) ?? "-")
    ? about.get(score.side) : "";

  const chosen = (name) => form.querySelector(`input[name="${name}"]:checked`);
  const words = (input) => input.parentElement.querySelector(".words").textContent.trim();
  const asks = (input) => input.closest("fieldset").querySelector("legend").textContent.trim();
  const side = () => (score.side ? chosen(score.side)?.value ?? "" : "");
  const place = () => (bone?.value ? score.places[bone.value][side()] : "");

  function choose(name, value) {
    const inputs = [...form.querySelectorAll(`input[name="${name}"]`)];
    if (bone && name === bone.name) bone.value = known(value) ? value : "";
    else for (const one of inputs) one.checked ||= one.value === value;
  }

  function sum() {
    const inputs = Object.keys(score.questions).map(chosen);
    return inputs.every(Boolean) ? inputs.reduce((points, input) => points + Number(input.dataset.points), 0) : null;
  }

  function reckon() {
    const total = sum();
    const band = total === null ? null : bands.filter((one) => Number(one.dataset.first) <= total).at(-1);
    for (const one of bands) one.classList.toggle("reached", one === band);
    shown("total").textContent = total === null ? "–" : String(total);
    shown("meaning").textContent = band ? band.textContent : "";
    const placed = (!score.bone || bone.value) && (!score.side || side());
    for (const take of takes) take.disabled = total === null || !placed || (take.dataset.copies === "suggestion" && !subject);
    send.disabled = total === null || !placed;
    written.hidden = true;
    told.textContent = "";
    tellPlace();
    keepForOtherLanguages();
  }

  function tellPlace() {
    shown("place").textContent = place();
    shown("patient").textContent = subject.slice("Patient/".length);
    shown("place-about").hidden = !place();
    shown("patient-about").hidden = !subject;
    shown("about").hidden = !place() && !subject;
    const other = meant.length && bone.value && !meant.includes(bone.value);
    const otherSide = meantSide && side() && side() !== meantSide;
    shown("meant").textContent = meant.map((code) => score.places[code][meantSide]).join(", ");
    shown("differs").hidden = !other && !otherSide;
  }

  function keepForOtherLanguages() {
    const kept = new URLSearchParams([...about].filter(([name]) => !name.startsWith("a.")));
    for (const input of form.querySelectorAll("input:checked, select")) if (input.value) kept.append(`a.${input.name}`, input.value);
    for (const link of document.querySelectorAll("header nav a[hreflang]")) {
      const query = new URLSearchParams(location.search);
      query.set("lang", link.hreflang);
      link.href = `?${query}#${kept}`;
    }
  }

  // --- what is written ---
  function uuid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16)); // `randomUUID` is for https and loopback only
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  const result = () => `${score.title} (${place()})${score.colon}${sum()}`;

  function sentence() {
    const day = new Date().toLocaleDateString(language, { day: "numeric", month: "short", year: "numeric" });
    const answers = Object.keys(score.questions).map(chosen)
      .map((input) => `${asks(input)}${score.colon}${words(input)} (${input.dataset.points})`);
    return `${result()}/${score.highest}, ${day}. ${shown("meaning").textContent}. ${answers.join(score.semicolon)}.`;
  }

  function bodySite() {
    const site = { coding: [{ system: score.snomed, code: bone.value }], text: place() };
    if (!side()) return site;
    const which = { coding: [{ system: score.snomed, code: side() }] };
    return { extension: [{ url: score.laterality, valueCodeableConcept: which }], ...site };
  }

  const coded = (name) => {
    const input = chosen(name);
    return { system: score.answers, code: input.value, display: words(input) };
  };

  function observation() {
    const category = { system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "survey" };
    return {
      resourceType: "Observation",
      status: "final",
      category: [{ coding: [category] }],
      code: { coding: [score.finding], text: score.title },
      ...(subject && { subject: { reference: subject } }),
      effectiveDateTime: new Date().toISOString(),
      valueInteger: sum(),
      ...(score.bone && { bodySite: bodySite() }),
      component: Object.entries(score.questions).map(([name, code]) => ({
        code: { coding: [{ system: score.asked, code }], text: asks(chosen(name)) },
        valueCodeableConcept: { coding: [coded(name)] },
      })),
    };
  }

  function suggestion() {
    return { label: result(), uuid: uuid(), actions: [{ type: "create", description: result(), resource: observation() }] };
  }

  function response() {
    const item = (linkId, answer) => ({ linkId, answer: [answer] });
    const items = Object.keys(score.questions).map((name) => item(name, { valueCoding: coded(name) }));
    if (score.bone) {
      const option = bone.selectedOptions[0].textContent.trim();
      items.push(item(score.bone, { valueCoding: { system: score.snomed, code: bone.value, display: option } }));
    }
    if (score.side) {
      const input = chosen(score.side);
      items.push(item(score.side, { valueCoding: { system: score.snomed, code: input.value, display: words(input) } }));
    }
    items.push(item(score.finding.code, { valueInteger: sum() }));
    return {
      resourceType: "QuestionnaireResponse",
      questionnaire: score.canonical,
      status: "completed",
      ...(subject && { subject: { reference: subject } }),
      authored: new Date().toISOString(),
      item: items,
    };
  }

  const writers = { sentence, observation, suggestion, response };
  async function copy(what) {
    const made = writers[what]();
    written.value = typeof made === "string" ? made : JSON.stringify(made, null, 2);
    written.hidden = false;
    written.select();
    try {
      await navigator.clipboard.writeText(written.value);
      told.textContent = told.dataset.copied;
    } catch {
      told.textContent = told.dataset.select; // a browser gives the clipboard to https and loopback only
    }
  }

  // --- to the EHR: SMART Web Messaging, `scratchpad.create` ---
  const ehr = window.parent !== window ? window.parent : window.opener;
  const origin = score.messaging ? new URL(score.messaging.origin).origin : "";
  let waiting = null;

  function answered(words) {
    clearTimeout(waiting.timer);
    waiting = null;
    told.textContent = words;
  }

  function sendToTheRecord() {
    const message = {
      messagingHandle: score.messaging.handle,
      messageId: uuid(),
      messageType: "scratchpad.create",
      payload: { resource: observation() },
    };
    send.disabled = true; // once, until something changes: no second Observation of one click
    clearTimeout(waiting?.timer);
    waiting = { id: message.messageId, timer: setTimeout(() => answered(told.dataset.unanswered), WAIT) };
    told.textContent = told.dataset.sent;
    ehr.postMessage(message, origin);
  }

  if (origin && ehr && subject) {
    send.hidden = false;
    send.addEventListener("click", sendToTheRecord);
    window.addEventListener("message", (event) => {
      if (event.origin !== origin || event.source !== ehr || !waiting || event.data?.responseToMessageId !== waiting.id) return;
      answered(/^2\d\d\b/.test(event.data.payload?.status) ? told.dataset.taken : told.dataset.refused);
    });
  }

  // --- at the start ---
  function begin() {
    if (meant.length === 1) choose(score.bone, meant[0]);
    if (meantSide) choose(score.side, meantSide);
  }

  begin();
  for (const [name, value] of about) if (/^a\.[a-z]+$/.test(name)) choose(name.slice(2), value);
  form.addEventListener("change", reckon);
  form.addEventListener("reset", () => setTimeout(() => { begin(); reckon(); }));
  for (const take of takes) take.addEventListener("click", () => copy(take.dataset.copies));
  // An EHR that opens another card in the same window changes the fragment alone; nothing of the patient before may stay.
  window.addEventListener("hashchange", () => location.reload());
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // it would replace the fragment
    shown("main").focus();
  });
  reckon();
})();
