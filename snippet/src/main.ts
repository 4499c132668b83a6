import { version } from "headwater:fields";
import { Headwater } from "./api";
import { arrival } from "./arrival";
import { guard, options, refused } from "./config";
import { envelope, hiddenFields } from "./envelope";
import { stampForms, watchForms } from "./forms";
import { newID } from "./identity";
import { send } from "./send";
import { allow, allowed, keep, read, setCookie } from "./storage";
import { campaignOf, newTouch, Touch } from "./touch";

const THIRTEEN_MONTHS = 34128e3; // seconds

let arrived = false;

/** Keeps a touch if there is one, and sends it. A page that must not follow the visitor keeps it for its own forms. */
function record(touch?: Touch): void {
  if (allowed()) {
    const state = read();
    const visitor_id = state.visitor_id || newID();
    keep({
      visitor_id,
      first_touch: state.first_touch || touch,
      latest_touch: touch || state.latest_touch,
      active_at: Date.now(),
    });
    if (touch) {
      // Not before the answer: where the collector can set the cookie, it lasts longer (Safari keeps a script's 7 days).
      const fallback = () => {
        if (allowed()) setCookie("hw", visitor_id, THIRTEEN_MONTHS);
      };
      const sent = send("t", { site_id: options.site, visitor_id, snippet_version: version, ...touch });
      if (sent) sent.then(fallback, fallback);
    }
  } else if (refused) {
    keep({ latest_touch: touch });
  }
  stampForms(true);
}

/** Records this page's arrival, if it is one; the second call on a page records nothing. */
function arrive(): void {
  const first = !arrived;
  arrived = true;
  record(first ? arrival(read()) : undefined);
}

const api: Headwater = {
  async submission({ form, fields, submission_id = newID() }) {
    const answer = await send("f/" + encodeURIComponent(form), {
      ...envelope(submission_id),
      occurred_at: Date.now(),
      fields,
    });
    if (!answer) return { submission_id };
    const body = await answer.json();
    if (!answer.ok) throw Error(body.message);
    return body;
  },
  fields: () => hiddenFields(newID()),
  touch: guard((parameters) =>
    record(newTouch({ ...campaignOf(location.href), landing_page: location.href, ...parameters })),
  ),
  consent: guard((granted) => {
    allow(granted);
    if (granted) arrive();
    else stampForms(true);
  }),
  push: guard((call) => call(api)),
};

function start(): void {
  const queue = window.headwater;
  // A second script tag on the page finds the first one's work.
  if (queue && "consent" in queue) return;
  window.headwater = api;
  if (options.consent != "required") arrive();
  watchForms();
  if (Array.isArray(queue)) queue.forEach(api.push);
  document.addEventListener(
    "visibilitychange",
    guard(() => {
      const state = read();
      if (allowed() && state.visitor_id) keep({ ...state, active_at: Date.now() });
    }),
  );
}

// A prerendered page may never be seen.
if ((document as { prerendering?: boolean }).prerendering)
  document.addEventListener("prerenderingchange", guard(start), { once: true });
else start();
