import { longest, parameters } from "headwater:fields";
import { knownID, newID } from "./identity";

/** One arrival. Every field is present: an empty one says that it was looked for and was not there. */
export interface Touch {
  /** Empty where there was no arrival; then everything else is, too. */
  touch_id: string;
  /** Unix milliseconds. */
  occurred_at: number | "";
  [field: string]: string | number;
}

const known = parameters.split(" ");

/**
 * Returns from as a complete touch, an empty one unless from has an id and a time.
 *
 * What comes from storage may have been written by anybody, so only known fields are copied, each is cut at the longest
 * limit (the collector cuts at the field's own), and all together stay below 16,000 characters as escape writes them.
 * That is 24,000 bytes at worst when a form encodes them: both touches and the person's own fields must fit the
 * collector's 64 KiB, whatever a URL carried.
 */
export function touchOf(from: { [field: string]: unknown } = {}): Touch {
  const touch = {} as Touch;
  let left = knownID(from.touch_id) && /^\d{13}$/.test(from.occurred_at as string) ? 16e3 : 0;
  for (const name of ["touch_id", "occurred_at", ...known, "landing_page", "referrer"]) {
    const text = ("" + ((left > 0 && from[name]) || "")).slice(0, longest);
    left -= escape(text).length;
    touch[name] = left > 0 ? text : "";
  }
  touch.occurred_at = +touch.occurred_at || "";
  return touch;
}

/** Makes a touch of now. */
export const newTouch = (from: { [field: string]: unknown }): Touch =>
  touchOf({ ...from, touch_id: newID(), occurred_at: Date.now() });

/**
 * Returns the campaign parameters of a URL as the collector reads them: from its query, then from its fragment
 * (`#utm_source=…`, `#/page?utm_source=…`). Names in any case, the first value that is not blank wins, decoded once.
 * URLSearchParams never throws on malformed text.
 */
export function campaignOf(href: string): Record<string, string> {
  const found: Record<string, string> = {};
  const query = href.replace(/^[^?#]*\??/, "").replace(/#([^?]*\?)?/, "&");
  new URLSearchParams(query).forEach((value, name) => {
    name = name.toLowerCase();
    if (known.includes(name) && value.trim()) found[name] = found[name] || value;
  });
  return found;
}
