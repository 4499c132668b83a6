// The console's only script: copy buttons, leads that appear by themselves, the demo's way in, and strips that show the present choice. Without it every page still works.
// Text goes into the page through textContent alone: values in it come from strangers.
"use strict";
(() => {
  // On a narrow screen the time ranges are a strip: show the part with the present choice.
  for (const strip of document.querySelectorAll(".presets")) {
    const current = strip.querySelector("[aria-current]");
    if (current) strip.scrollLeft = current.offsetLeft - strip.offsetLeft - (strip.clientWidth - current.offsetWidth) / 2;
  }

  // The link that a demo prints leads straight in: what comes after # is not sent, so a program that previews links uses none up.
  if (location.hash === "#enter") document.querySelector("form[data-enter]:not(:has([required]))")?.requestSubmit();

  for (const button of document.querySelectorAll("[data-copy]")) {
    const source = button.parentElement.querySelector("code");
    const label = button.querySelector("span");
    const copy = label.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.textContent);
        label.textContent = button.dataset.copied;
      } catch {
        // No permission, or no secure context: select it, so that one key press copies.
        getSelection().selectAllChildren(source);
        label.textContent = button.dataset.selected;
      }
      setTimeout(() => (label.textContent = copy), 2000);
    });
  }

  // Every time zone that the browser knows can be chosen; without the script it is typed.
  for (const zones of document.querySelectorAll("[data-zones]")) {
    for (const zone of Intl.supportedValuesOf?.("timeZone") ?? []) zones.append(new Option("", zone));
  }

  const list = document.querySelector("[data-live]");
  if (!list) return;
  const pattern = document.getElementById("lead");
  const empty = document.getElementById("no-leads");
  const state = document.getElementById("live");
  const news = document.getElementById("news");
  const MOST = 50;
  let tag = "";
  let failures = 0;

  // What the script says stands in data attributes, in the page's language, with {names} to fill in.
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const say = (text, on) => {
    state.hidden = false;
    if (state.textContent !== text) state.textContent = text;
    state.classList.toggle("off", !on);
  };

  const row = (lead) => {
    const item = pattern.content.firstElementChild.cloneNode(true);
    for (const place of item.querySelectorAll("[data-f]")) place.textContent = lead[place.dataset.f];
    item.querySelector("time").dateTime = lead.machine;
    item.querySelector("a").href = "/console/contacts/" + encodeURIComponent(lead.contact);
    item.dataset.id = lead.id;
    item.dataset.kind = lead.kind;
    return item;
  };

  const show = (leads) => {
    const known = new Set(Array.from(list.children, (item) => item.dataset.id));
    const fresh = leads.filter((lead) => !known.has(lead.id));
    if (!fresh.length) return;
    let before = null; // keep the order of the answer: a late lead may belong further down
    for (const lead of [...leads].reverse()) {
      let item = Array.from(list.children).find((child) => child.dataset.id === lead.id);
      if (!item) {
        item = row(lead);
        item.classList.add("fresh");
        list.insertBefore(item, before || list.firstElementChild);
      }
      before = item;
    }
    while (list.children.length > MOST) list.lastElementChild.remove();
    empty.hidden = true;
    news.textContent =
      fresh.length === 1
        ? filled(news.dataset.single, fresh[0])
        : filled(news.dataset.many, { n: fresh.length });
  };

  // Asks again half a second after each answer, or three times as long as the answer took: a slow database is left in
  // peace. After failures the pause doubles, up to 15 s.
  const poll = async () => {
    const start = performance.now();
    try {
      const answer = await fetch("/console/leads.json", { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
      if (answer.status === 401) return say(state.dataset.out, false);
      if (!answer.ok && answer.status !== 304) throw new Error(answer.status);
      if (answer.ok) {
        tag = answer.headers.get("ETag") || "";
        show((await answer.json()).leads);
      }
      say(state.dataset.now, true);
      failures = 0;
    } catch {
      say(state.dataset.waiting, false);
      failures++;
    }
    const took = performance.now() - start;
    setTimeout(next, Math.min(15000, Math.max(500 * 2 ** failures, 3 * took)));
  };
  const next = () => {
    if (!document.hidden) return poll();
    document.addEventListener("visibilitychange", next, { once: true });
  };
  next();
})();
