import { core, Fields } from "./headwater";
import { onElements } from "./scan";

const CLICK = /[?#&](utm_[a-z]+|[a-z_]*cl(id|kid)|[gw]braid)=[^&#]/i;

let warned = "";

/** Warns a developer once about what the core takes in silence. */
function warn(text: string): void {
  if (warned.includes(text)) return;
  warned += text;
  console.warn("headwater: " + text);
}

/** A link on the own site with UTMs makes no arrival: it would put the real source away. */
function checkAddress(fields: Fields): void {
  const [{ name = "", type = "" } = {}] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const isRecorded = name.startsWith(fields.hw_latest_touch_landing_page || " ");
  if (document.referrer && CLICK.test(name) && type == "navigate" && fields.hw_visitor_id && !isRecorded)
    warn(`the UTMs of ${name} are ignored, because it was reached from the site's own page ${document.referrer}. Don't tag links between own pages.`);
}

/** The core compares domains and parameters as they are written, which costs it no byte. */
function checkCase(): void {
  for (const script of document.querySelectorAll<HTMLScriptElement>("script[data-site]"))
    for (const name of ["ownDomains", "ignoredReferrers", "parameters"]) {
      const list = script.dataset[name] || "";
      if (list != list.toLowerCase()) warn(`"${list}" must be in lower case.`);
    }
}

/** Custom names that name no field would stay empty. */
function checkNames(fields: Fields): void {
  const script = document.querySelector<HTMLScriptElement>("script[data-fields]");
  for (const pair of script ? script.dataset.fields!.split(/[\s,]+/) : []) {
    const [own, name] = pair.split(":");
    if (pair && (!name || !("hw_" + own in fields))) warn(`data-fields: "${pair}" is not column:name. Columns are first_touch_utm_source and the like, see README.md.`);
  }
}

/** Warnings in the console, where either tag has data-debug. */
export function debug(): void {
  if (!document.querySelector("script[data-debug]")) return;
  onElements((root) => {
    if (root != document || !core) return;
    const fields = core.fields();
    checkAddress(fields);
    checkNames(fields);
    checkCase();
  });
}
