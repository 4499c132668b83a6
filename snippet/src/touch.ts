import { list, options } from "./config";
import { longest, parameters } from "headwater:fields";

/** Texts by name. */
export type Texts = Record<string, string>;

/** The names of a touch, one arrival. Each is always there: an empty text says that it was looked for and was not there. */
export const names = list("referrer landing_page touch_id occurred_at", parameters, options.parameters);

/**
 * Returns the query of a URL with that of its fragment (`#utm_source=…`, `#/page?utm_source=…`) after it. The collector
 * reads URLs the same way.
 */
export const queryOf = (href: string): string => href.replace(/^[^?#]*\??/, "&").replace(/#([^?]*\?)?/, "&") + "&";

/**
 * Returns the texts of from (pairs, or a query) that are called one of names, in any case; of each the first that is not
 * blank, "" where there is none.
 *
 * Each is cut at the longest limit (the collector cuts at the field's own), and all together stay below 30,000
 * characters as escape writes them. That is 45,000 bytes at worst when a form encodes them: with the person's own fields
 * they must fit the collector's 64 KiB, whatever a URL carried or anybody wrote into storage.
 */
export const pick = (names: string[], from?: Texts | string): Texts => {
  const picked: Texts = {};
  let left = 3e4;
  for (const name of names) picked[name] = "";
  new URLSearchParams(from).forEach((value, name) => {
    name = name.toLowerCase();
    if (picked[name] === "" && value.trim() && (left -= escape((value = value.slice(0, longest))).length) > 0)
      picked[name] = value;
  });
  return picked;
};
