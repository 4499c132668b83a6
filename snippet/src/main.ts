import { newID } from "./identity";
import { resend, send } from "./send";
import { allow, allowed, FIRST, keep, LATEST, read, setCookie, store } from "./storage";
import { guard, on, options } from "./config";
import { arrival, touchHere } from "./arrival";
import { hiddenFields } from "./envelope";
import { Texts } from "./touch";
import { Headwater } from "./api";
import { stampForms, watchForms } from "./forms";
import { version } from "headwater:fields";

let arrivals = 0;

/** Keeps a touch if there is one, and sends it. A page that must not follow the visitor may keep it for its own forms. */
const record = (touch?: Texts | false): void => {
  const state = read();
  const visitor_id = (state.hw_visitor_id = allowed ? state.hw_visitor_id || newID() : "");
  for (const prefix of state[FIRST + "touch_id"] ? [LATEST] : [LATEST, FIRST])
    for (const name in touch as Texts) state[prefix + name] = (touch as Texts)[name];
  if ("pageTouch" in options || allowed) keep(state);
  setTimeout(stampForms); // in a task of its own: no long one
  if (touch && allowed) {
    // Not before the answer: the cookie that a collector sets lasts longer (Safari keeps a script's for 7 days).
    const answered = () => {
      setCookie("hw", visitor_id, 3.4e7); // 13 months, less two days
    };
    send("t", JSON.stringify({ ...touch, snippet_version: version, site_id: options.site, visitor_id })).then(
      answered,
      answered,
    );
  }
};

const start = (): void => {
  // A second script tag on the page ends here: the API is no array.
  const queue = [...((window.headwater as []) || [])];
  window.headwater = api;
  on("pagehide", () => store.hw && (store.hw_at = Date.now()));
  on("online", resend);
  arrive(!options.consent);
  watchForms();
  queue.forEach(api.push);
};

const api: Headwater = {
  push: guard((call) => call(api)),
  fields: hiddenFields,
  consent: guard((granted) => arrive(granted, !granted)),
  touch: guard((parameters) => record(touchHere({ referrer: "", ...parameters }))),
  async submission({ fields, form, submission_id = newID() }) {
    const answer = await send("f/" + form, "" + new URLSearchParams({ ...fields, ...hiddenFields(submission_id) }));
    const message = answer && (await answer.json()).message;
    if (message) throw Error(message);
    return { submission_id };
  },
};

/** Records this page's arrival, if it is one, as soon as it may be known; the second time on a page nothing. */
const arrive = (known: boolean, refusal?: boolean) => {
  allow(known, refusal);
  resend();
  record(known && !arrivals++ && arrival(read()));
};

// A prerendered page may never be seen.
if ((document as { prerendering?: boolean }).prerendering) on("prerenderingchange", start);
else start();
