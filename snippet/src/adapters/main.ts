import type { Headwater } from "../api";
import { guard, on, options } from "../config";
import { builders } from "./builders";
import { calcom } from "./calcom";
import { calendly } from "./calendly";
import { frames } from "./frames";
import { gcm } from "./gcm";
import { start } from "./headwater";
import { hubspot } from "./hubspot";
import { linker } from "./linker";
import { scan } from "./scan";
import { tcf } from "./tcf";
import { typeform } from "./typeform";

/** Every adapter under the names that data-adapters may give it. */
const adapters: [string, () => void][] = [
  ["frames", frames],
  ["hubspot", hubspot],
  ["typeform", typeform],
  ["calendly", calendly],
  ["calcom", calcom],
  ["builders gravity wpforms cf7", builders],
  ["tcf", tcf],
  ["gcm", gcm],
  ["linker", linker],
];

/** Those that decide about consent or follow visitors to another domain are on only where they are asked for. */
const usual = "frames hubspot typeform calendly calcom builders";

const wanted = (options.adapters || usual).toLowerCase().split(/[\s,]+/);

// The stub that pages use, too: the core runs what the array holds. Before everything else, so that what an adapter
// says of consent comes after it.
const core = (window.headwater = window.headwater || []) as { push(call: (headwater: Headwater) => void): void };
core.push(guard(start));

for (const [names, adapter] of adapters) if (names.split(" ").some((name) => wanted.includes(name))) guard(adapter)();

// New elements, and frames whose address comes late. Only these are looked at, never the document again.
new MutationObserver(
  guard((records: MutationRecord[]) => {
    for (const { attributeName, target, addedNodes } of records)
      for (const node of attributeName ? [target] : addedNodes) if (node.nodeType == 1) scan(node as Element);
  }),
).observe(document, {
  childList: true,
  subtree: true,
  attributes: true,
  attributeFilter: ["src", "data-src", "data-lazy-src"],
});
// What is no element, such as a data layer, may have come unseen.
for (const type of ["DOMContentLoaded", "load"]) on(type, () => scan());
scan();
