import { decide } from "./consent";
import { words } from "./list";
import { guard, options } from "./page";
import { onElements } from "./scan";

type Settings = { [key: string]: unknown };
type Layer = unknown[] & { push(...items: unknown[]): number };

/** The keys that must be granted, every one. */
const KEYS = words(options.gcm || "ad_storage analytics_storage");

/** What each key was set to; the defaults first, then what the visitor decided. */
const defaults: Settings = {};
const updates: Settings = {};

const isGranted = () => KEYS.every((key) => (updates[key] || defaults[key]) == "granted");

/**
 * Takes one ["consent", "default" or "update", settings]; everything else that is pushed is none of ours.
 *
 * A default that is denied means that nobody has decided yet. A default may be for some regions only, and the page does not
 * say in which one it is: such a one is taken for denied where it says so, and else for nothing.
 */
function take(item: unknown): void {
  const [command, action, settings] = [...(item as [unknown, unknown, Settings])];
  if (command != "consent") return;
  if (action == "default")
    for (const key of KEYS) {
      if (settings[key] == "denied" || (!settings.region && !defaults[key])) defaults[key] = settings[key];
    }
  else if (action == "update") Object.assign(updates, settings);
  // Somebody may be about to say what the visitor decided. Who does not in time leaves the default.
  if (action == "default" && settings.wait_for_update)
    setTimeout(guard(() => isGranted() && decide(true)), +(settings.wait_for_update as number));
  else if (isGranted()) decide(true);
  else if (KEYS.some((key) => updates[key] == "denied")) decide(false);
}

/** Google Consent Mode v2: what a visitor agreed to, as the page's consent banner tells Google's tags. */
export function gcm(): void {
  let known: unknown;
  onElements(() => {
    const layer = (window as unknown as { [name: string]: Layer })[options.gcmLayer || "dataLayer"];
    if (layer == known) return; // perhaps not there yet
    known = layer;
    const read = guard((items: unknown[]) => items.forEach((item) => guard(take)(item))); // not everything in it is a list
    const { push } = layer;
    layer.push = (...items) => {
      const length = push.apply(layer, items);
      read(items);
      return length;
    };
    read(layer);
  });
}
