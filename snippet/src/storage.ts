import { options, refused } from "./config";
import { knownID } from "./identity";
import { Touch, touchOf } from "./touch";

/** What is kept of a visitor: the localStorage item `hw`. */
export interface State {
  visitor_id: string;
  first_touch?: Touch;
  latest_touch?: Touch;
  /** When this browser was last active on the site, Unix milliseconds. */
  active_at?: number;
}

/** The same in memory: all there is where storing is not allowed, or where storage is missing, full or throws. */
let memory: Partial<State> = {};
let full: unknown;

let storing = !refused && options.consent != "required";

/** Tells whether anything may be stored or sent now. */
export const allowed = () => storing;

/** Returns what is kept. Another tab may have written or forgotten it since, so each call reads the storage. */
export function read(): State {
  let kept = memory;
  if (storing && !full)
    try {
      // A longer item is not ours: cut, it does not parse.
      kept = JSON.parse((localStorage.hw || "{}").slice(0, 65536)) || {};
    } catch {}
  return {
    // The cookie goes first: subdomains share it.
    visitor_id: (storing && knownID(cookie("hw"))) || knownID(kept.visitor_id),
    first_touch: touchOf(kept.first_touch),
    latest_touch: touchOf(kept.latest_touch),
    active_at: kept.active_at,
  };
}

/** Keeps state, as far as that is allowed and possible. */
export function keep(state: Partial<State>): void {
  memory = state;
  if (storing)
    try {
      full = 1;
      localStorage.hw = JSON.stringify(state);
      full = 0;
    } catch {}
}

/** Starts or stops storing. Stopping forgets everything. */
export function allow(yes: boolean): void {
  storing = yes && !refused;
  if (!yes) {
    memory = {};
    try {
      delete localStorage.hw;
    } catch {}
    setCookie("hw", "", 0);
  }
}

function cookie(name: string): string {
  try {
    return document.cookie.match("(?:^|; )" + name + "=([^;]*)")![1];
  } catch {
    return ""; // none, or a sandboxed frame
  }
}

/**
 * Sets a cookie on the widest domain that the browser accepts, and returns that domain: the registrable one, because
 * browsers refuse cookies on public suffixes (com, co.uk, github.io). That spares the snippet their list.
 */
export function setCookie(name: string, value: string, seconds: number): string {
  const labels = location.hostname.split(".");
  const secure = location.protocol == "https:" ? ";secure" : "";
  let domain = "";
  try {
    for (let i = labels.length; cookie(name) != value && i--; ) {
      domain = labels.slice(i).join(".");
      document.cookie = `${name}=${value};path=/;samesite=lax;max-age=${seconds};domain=${domain}${secure}`;
    }
  } catch {}
  return domain;
}
