import { pages, parameters } from "headwater:fields";
import { knownID, newID } from "./identity";

/** One arrival. Every text field is present: an empty one says that it was looked for and was not there. */
export interface Touch {
  touch_id: string;
  /** Unix milliseconds. */
  occurred_at: number;
  [field: string]: string | number;
}

/** What a touch is made of before it is validated. */
export type Untrusted = { [field: string]: unknown } | null | undefined;

const limits: Readonly<Record<string, number>> = { ...parameters, ...pages };

/** The text fields of a touch: UTMs, then click ids, then pages. */
export const texts = Object.keys(limits);

/**
 * Returns from as a complete touch, or nothing where it is none.
 *
 * What comes from storage may have been written by anybody, so only known fields are copied, each is cut at its limit,
 * and all together stay below 20,000 bytes when a form encodes them (9 bytes a character at worst): both touches and
 * the person's own fields must fit the collector's 64 KiB, whatever a URL carried.
 */
export function touchOf(from: Untrusted): Touch | undefined {
  if (from && knownID(from.touch_id) && /^\d{13}$/.test("" + from.occurred_at)) {
    const touch: Touch = { touch_id: knownID(from.touch_id), occurred_at: +("" + from.occurred_at) };
    let left = 2e4;
    for (const name of texts) {
      const value = from[name];
      const text = typeof value == "string" ? value.slice(0, limits[name]) : "";
      left -= text.replace(/\W/g, "%00%00%00").length;
      touch[name] = left > 0 ? text : "";
    }
    return touch;
  }
}

/** Makes a touch of now. */
export function newTouch(from: { [field: string]: unknown }): Touch {
  return touchOf({ ...from, touch_id: newID(), occurred_at: Date.now() })!;
}

/**
 * Returns the campaign parameters of a URL: from its query, then from its fragment (`#utm_source=…`, `#/page?utm_source=…`).
 * Names in any case, first non-empty value wins, decoded once. URLSearchParams never throws on malformed text.
 */
export function campaignOf(href: string): Record<string, string> {
  const url = new URL(href);
  const found: Record<string, string> = {};
  new URLSearchParams(url.search + "&" + url.hash.replace(/^#(\W[^?]*\?|[^=?]*\?)?/, "")).forEach((value, key) => {
    const name = key.toLowerCase();
    // A comparison, not `in`: __proto__ and constructor have no number.
    if (parameters[name] > 0 && value && !found[name]) found[name] = value;
  });
  return found;
}
