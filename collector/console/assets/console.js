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
  const MOST = Number(list.dataset.live);
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
    leads = leads.slice(0, MOST);
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

  // One stream brings the leads, and new ones as they come; while nobody looks at the page there is none. The browser itself comes back
  // after a break; where the collector does not let it in, the answer says why.
  const place = "/console/leads.events";
  let stream = null;
  const open = () => {
    const opened = (stream = new EventSource(place));
    opened.addEventListener("leads", (event) => {
      show(JSON.parse(event.data).leads);
      say(state.dataset.now, true);
      failures = 0;
    });
    opened.addEventListener("error", () => {
      if (opened !== stream) return;
      say(state.dataset.waiting, false);
      if (opened.readyState === EventSource.CLOSED) refused();
    });
  };
  const look = () => {
    stream?.close();
    stream = null;
    if (!document.hidden) open();
  };
  const refused = async () => {
    const ask = new AbortController();
    const status = await fetch(place, { signal: ask.signal }).then((answer) => answer.status, () => 0);
    ask.abort();
    if (status === 401) return say(state.dataset.out, false);
    setTimeout(look, Math.min(15000, 500 * 2 ** failures++));
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => stream?.close());
  look();
})();
