import { on } from "../config";
import { core, Fields, known } from "./headwater";
import { valueFor } from "./list";

const sent = new Set<string>();

/**
 * Sends what another service took as a submission of a Headwater form, if the tag's attribute names one for its id.
 * The same key counts once: services tell the same thing in two ways.
 */
export function submit(attribute: string | undefined, id: string, key: string, fields: Fields): void {
  const form = valueFor(attribute, id);
  if (!form || sent.has(key) || !(known() || {}).hw_visitor_id) return;
  sent.add(key);
  core!.submission({ form, fields }).catch(() => {});
}

/** Tells whether an origin is one of the hosts that the pattern matches. */
export const isFrom = (origin: string, hosts: RegExp): boolean =>
  /^https:/.test(origin) && hosts.test(new URL(origin).hostname);

/** Hears what the frames on this page post that come from one of the hosts. */
export const onPosted = (hosts: RegExp, hear: (data: Record<string, any>, origin: string) => void) =>
  on<MessageEvent>("message", ({ data, origin, source }) => {
    if (data && isFrom(origin, hosts) && (source as Window).parent == window) hear(data, origin);
  });
