import { builders } from "./builders";
import { calcom } from "./calcom";
import { calendly } from "./calendly";
import { capturedForms } from "./capture";
import { debug } from "./debug";
import { frames } from "./frames";
import { gcm } from "./gcm";
import { start, withCore } from "./headwater";
import { hubspot } from "./hubspot";
import { linker } from "./linker";
import { words } from "./list";
import { guard, listen, options } from "./page";
import { scan } from "./scan";
import { tcf } from "./tcf";
import { typeform } from "./typeform";

// Before everything else, so that what an adapter says of consent comes after it.
withCore(start);

/** Those that decide about consent or follow visitors to another domain are on only where they are asked for. */
const wanted = words((options.adapters || "capture debug frames hubspot typeform calendly calcom builders").toLowerCase());

/** Every adapter under the names that data-adapters may give it. */
const adapters: [string, () => void][] = [
  ["capture", capturedForms],
  ["debug", debug],
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
for (const [names, adapter] of adapters) if (words(names).some((name) => wanted.includes(name))) guard(adapter)();

scan();
// What is no element, such as a data layer, may come unseen.
listen("DOMContentLoaded load", () => scan());
// New elements, and frames whose address comes late. Only these are looked at, never the document again.
new MutationObserver(
  guard((records: MutationRecord[]) => {
    for (const { attributeName, target, addedNodes } of records)
      for (const node of attributeName ? [target] : addedNodes) if (node.nodeType == 1) scan(node as Element);
  }),
).observe(document, {
  childList: true,
  subtree: true,
  attributeFilter: ["src", "data-src", "data-lazy-src"],
});
