import type { Headwater } from "../api";
import { guard } from "./page";
import { scan } from "./scan";

/** Hidden fields by name, such as hw_first_touch_utm_source. */
export type Fields = Record<string, string>;

/** The core, once it runs. */
export let core: Headwater | undefined;

/** What the page around this frame said, where it was asked and did say. */
let told: Fields | undefined;

/** Runs call with the core, now or when it is there: the stub that pages use, too. */
export const withCore = (call: (headwater: Headwater) => void) =>
  ((window.headwater = window.headwater || []) as { push(call: (headwater: Headwater) => void): void }).push(guard(call));

/** Takes the core, and looks at everything again: now, and whenever consent changes. */
export function start(headwater: Headwater): void {
  core = headwater;
  const { consent } = headwater;
  headwater.consent = guard((granted) => {
    consent.call(headwater, granted);
    scan();
  });
  scan();
}

/** Takes the fields of the page around this frame for this page's own. */
export function tell(fields: Fields): void {
  told = fields;
  scan();
}

/** Returns the hidden fields, empty ones where there is nothing to say; none before the core runs. */
export const fields = (): Fields => told || (core ? { ...core.fields() } : {});

/**
 * Returns the hidden fields where something may leave the page: a visitor who may be followed, or at least this page's
 * own arrival. Before consent there is neither, and no field.
 */
export function known(values = fields()): Fields {
  return values.hw_visitor_id || values.hw_latest_touch_touch_id ? values : {};
}
