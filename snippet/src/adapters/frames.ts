import { Fields, fields, known, tell } from "./headwater";
import { attach, inside } from "./inside";
import { words } from "./list";
import { listen, options, urlOf } from "./page";
import { onFrames } from "./scan";

/** Services whose forms read campaign parameters from their address. */
const SERVICES = /(^|\.)(typeform|hsforms|calendly|cal|jotform)\.com$|^tally\.so$|^meetings[\w-]*\.hubspot\.com$/;

/** The customer's own pages on other sites, by exact origin: who may ask and who may answer. */
const origins = words(options.frameOrigins);

/** The frames that have been told something. */
const told = new WeakSet<Window>();

/**
 * Returns the address of a frame with what the form in it may know. What the page has put there itself stays as it is.
 */
function decorated(address: string, isOwn: boolean): string {
  const url = urlOf(address);
  if (!url.hostname || !(isOwn || SERVICES.test(url.hostname))) return address;
  const present = new URLSearchParams(url.search + "&" + url.hash.slice(1));
  const added = new URLSearchParams();
  const values = known();
  for (const [field, value] of Object.entries(values)) {
    const [, name = ""] = /^hw_latest_touch_(utm_.*)/.exec(field) || [
      // An id is for the customer's own eyes, and there is none where the visitor is not to be followed.
      "",
      isOwn && values.hw_visitor_id && /^hw_(visitor|submission)_id$/.test(field) ? field : "",
    ];
    if (name && value && !present.has(name)) added.set(name, value);
  }
  const more = added.toString();
  if (!more) return address;
  // Typeform documents hidden fields in the fragment.
  const part = /typeform\.com$/.test(url.hostname) ? "hash" : "search";
  url[part] += (url[part].slice(1) && "&") + more;
  return url.href;
}

/** Decorates a frame's address. A frame that shows something already is not loaded again. */
function decorate(frame: HTMLIFrameElement): void {
  const inner = frame.contentDocument;
  for (const name of ["src", "data-src", "data-lazy-src"]) {
    const address = frame.getAttribute(name);
    if (!address || (name == "src" && !(inner && inner.URL == "about:blank"))) continue;
    const better = decorated(address, !!frame.closest("[data-hw-frame]"));
    if (better != address) frame.setAttribute(name, better);
  }
}

/** Asks the page around this frame for its fields. Only the origins that the tag lists hear it. */
function ask(): void {
  if (parent != window) for (const origin of origins) parent.postMessage({ headwater: "fields?" }, origin);
}

/** Tells a frame of the customer's that there is something to ask for. The message itself says nothing. */
function greet({ src, contentWindow }: HTMLIFrameElement, root: ParentNode): void {
  if (root == document && origins.includes(urlOf(src).origin)) contentWindow!.postMessage({ headwater: "ready" }, "*");
}

function hear({ data, origin, source }: MessageEvent): void {
  const from = source as Window;
  if (!origins.includes(origin) || from == window) return;
  if (data.headwater == "fields?" && from.parent == window) {
    // After a refusal a frame that knows the visitor gets empty fields.
    const values = told.has(from) ? fields() : known();
    if (!values.hw_page) return;
    told.add(from);
    from.postMessage({ headwater: "fields", fields: values }, origin);
  } else if (from == parent) {
    if (data.headwater == "ready") ask();
    if (data.headwater == "fields") hearFields(data.fields);
  }
}

/** Takes an answer, as far as it looks like one. */
function hearFields(from: object): void {
  const heard: Fields = {};
  for (const [name, value] of Object.entries(from)) if (typeof value == "string") heard[name] = value;
  tell(heard);
  attach(document);
}

/** Forms in frames: addresses of other services, pages of the customer on other sites, and frames of the same origin. */
export function frames(): void {
  inside();
  onFrames(decorate);
  if (!origins[0]) return;
  listen("message", hear);
  onFrames(greet);
  ask();
}
