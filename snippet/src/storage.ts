import { options, refused } from "./config";
import { knownID } from "./identity";
import { Touch, touchOf } from "./touch";

/** What is kept of a visitor: the localStorage item `hw`. */
export interface State {
  visitor_id: string;
  first_touch: Touch;
  latest_touch: Touch;
  /** When this browser was last active on the site, Unix milliseconds. */
  active_at?: number;
}

/** Tells whether anything may be stored or sent now. */
export let allowed = !refused && options.consent != "required";

/** What is kept where it may not be stored, or where storage is missing, full or throws. */
let memory: Partial<State> | undefined;

const take = (kept: Partial<State>): State => ({
  // The cookie goes first: subdomains share it.
  visitor_id: (allowed && knownID(cookie("hw"))) || knownID(kept.visitor_id),
  first_touch: touchOf(kept.first_touch),
  latest_touch: touchOf(kept.latest_touch),
  active_at: kept.active_at,
});

/** Returns what is kept. Another tab may have written or forgotten it since, so each call reads the storage. */
export function read(): State {
  try {
    return take(memory || (allowed && JSON.parse(localStorage.hw)));
  } catch {
    return take({}); // no item, no storage, or no JSON
  }
}

/** Keeps state, as far as that is allowed and possible. */
export function keep(state: Partial<State>): void {
  memory = { ...state, active_at: Date.now() };
  if (allowed)
    try {
      localStorage.hw = JSON.stringify(memory);
      memory = undefined;
    } catch {}
}

/** Starts or stops storing. Stopping forgets everything. */
export function allow(yes: boolean): void {
  allowed = yes && !refused;
  if (!yes) {
    memory = undefined;
    setCookie("hw", "", 0);
    try {
      delete localStorage.hw;
    } catch {}
  }
}

/** Returns the cookie called name, after setting it where there are attributes. */
function cookie(name: string, attributes?: string): string {
  try {
    if (attributes) document.cookie = name + attributes;
    return document.cookie.match("(^| )" + name + "=([^;]*)")![2];
  } catch {
    return ""; // none, or a sandboxed frame
  }
}

/**
 * Sets a cookie on the widest domain that the browser accepts, and returns that domain: the registrable one, because
 * browsers refuse cookies on public suffixes (com, co.uk, github.io). That spares the snippet their list. The domain of a
 * host without a dot is "": WebKit refuses to be told localhost.
 */
export function setCookie(name: string, value: string | number, seconds: number): string {
  const labels = location.hostname.replace(/^[^.]+$/, "").split(".");
  let domain = "";
  for (let i = labels.length; cookie(name) != value && i--; ) {
    domain = labels.slice(i).join(".");
    cookie(
      name,
      // http: has no sixth letter.
      `=${value};max-age=${seconds};path=/;domain=${domain};samesite=lax${location.protocol[5] ? ";secure" : ""}`,
    );
  }
  return domain;
}
