import { version } from "headwater:fields";
import { Headwater } from "./api";
import { arrival } from "./arrival";
import { guard, on, options, refused } from "./config";
import { envelope, hiddenFields } from "./envelope";
import { stampForms, watchForms } from "./forms";
import { newID } from "./identity";
import { send } from "./send";
import { allow, allowed, keep, read, setCookie } from "./storage";
import { campaignOf, newTouch, Touch } from "./touch";

const THIRTEEN_MONTHS = 34128e3; // seconds

let arrivals = 0;

/** Keeps a touch if there is one, and sends it. A page that must not follow the visitor keeps it for its own forms. */
function record(touch?: Touch): void {
  const state = read();
  if (allowed) {
    const visitor_id = state.visitor_id || newID();
    keep({
      visitor_id,
      first_touch: state.first_touch.touch_id ? state.first_touch : touch,
      latest_touch: touch || state.latest_touch,
    });
    if (touch) {
      // Not before the answer: the cookie that a collector sets lasts longer (Safari keeps a script's for 7 days).
      const fallback = () => allowed && setCookie("hw", visitor_id, THIRTEEN_MONTHS);
      send("t", { site_id: options.site || "", visitor_id, snippet_version: version, ...touch }).then(fallback, fallback);
    }
  } else if (refused && touch) keep({ latest_touch: touch });
  stampForms(1);
}

/** Records this page's arrival, if it is one, as soon as it may be known; the second time on a page nothing. */
const arrive = (known: boolean) => record(known && !arrivals++ ? arrival(read()) : undefined);

const api: Headwater = {
  async submission({ form, fields, submission_id }) {
    const body = { ...envelope(submission_id), occurred_at: Date.now(), fields };
    const answer = await send("f/" + form, body);
    if (!answer) return body;
    const result = await answer.json();
    if (answer.ok) return result;
    throw Error(result.message);
  },
  fields: () => hiddenFields(envelope()),
  touch: guard((parameters) =>
    record(newTouch({ ...campaignOf(location.href), landing_page: location.href, ...parameters })),
  ),
  consent: guard((granted) => {
    allow(granted);
    arrive(granted);
  }),
  push: guard((call) => call(api)),
};

function start(): void {
  // A second script tag on the page ends here: the API is no array.
  const queue = [...((window.headwater as []) || [])];
  window.headwater = api;
  arrive(options.consent != "required");
  watchForms();
  queue.forEach(api.push);
  on("visibilitychange", () => allowed && read().visitor_id && keep(read()));
}

// A prerendered page may never be seen.
if ((document as { prerendering?: boolean }).prerendering) on("prerenderingchange", start);
else start();
