import { core, known } from "./headwater";
import { valueFor } from "./list";
import { guard, listen } from "./page";

const sent = new Set<string>();

/**
 * Sends what another service took as a submission of a Headwater form, if the tag's attribute names one for its id. Only
 * texts count as fields. The same key counts once: services tell the same thing in two ways.
 */
export function submit(attribute: string | undefined, id: string, key: string, from: Record<string, unknown>): void {
  const form = valueFor(attribute, id);
  if (!form || sent.has(attribute + key) || !known().hw_visitor_id) return;
  sent.add(attribute + key);
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) if (typeof value == "string") fields[name] = value;
  guard(() => core!.submission({ form, fields }))();
}

/** Tells whether an origin is one of the hosts that the pattern matches. */
export const isFrom = (origin: string, hosts: RegExp): boolean =>
  /^https:/.test(origin) && hosts.test(new URL(origin).hostname);

/** Hears what the frames on this page post that come from one of the hosts, or from an origin that is listed. */
export const onPosted = (hosts: RegExp, hear: (data: Record<string, any>) => void, origins: string[] = []) =>
  listen<MessageEvent>("message", ({ data, origin, source }) => {
    if ((isFrom(origin, hosts) || origins.includes(origin)) && (source as Window).parent == window) hear(data);
  });
