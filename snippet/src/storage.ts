import { names, pick, Texts } from "./touch";
import { options, refused } from "./config";
import { knownID } from "./identity";

export const FIRST = "hw_first_touch_";
export const LATEST = "hw_latest_touch_";

const kept = ["hw_visitor_id"];
for (const name of names) kept.push(LATEST + name, FIRST + name);

/** What is allowed now: 2 storing and sending, 1 sending, 0 neither. */
export let allowed: number;

/** Where the items are: an object that ends with the page where nothing may be stored, or where storing fails. */
export let store: { hw?: string; hw_at?: string | number } | Storage = {};

/** Returns the hidden fields that are kept. Another tab may have changed them since, so each call reads the storage. */
export const read = (): Texts => {
  const state = pick(kept, store.hw);
  // The cookie goes first: subdomains share it.
  state.hw_visitor_id = knownID(cookie("hw")) || knownID(state.hw_visitor_id);
  return state;
};

/** Keeps the state, as far as that is allowed and possible. */
export const keep = (state: Texts): void => {
  const hw = new URLSearchParams(state) as unknown as string; // storage makes it one
  try {
    store.hw = hw;
    store.hw_at = Date.now();
  } catch {
    store = { hw };
  }
};

/**
 * Sets a cookie on the widest domain that the browser accepts, and returns that domain: the registrable one, because
 * browsers refuse cookies on public suffixes (co.uk, github.io; com is not even tried). That spares the snippet their list.
 * The domain of a host without a dot is "": WebKit refuses to be told localhost.
 */
export const setCookie = (name: string, value: string | number, seconds?: number): string => {
  const labels = location.hostname.replace(/^[^.]+$/, "").split(".");
  let domain = "";
  let now = cookie(name);
  for (let i = labels.length - 1 || 1; now != value && i--; )
    now = cookie(
      name,
      // http: has no sixth letter.
      `=${value};max-age=${seconds! | 0};domain=${(domain = labels.slice(i).join("."))};path=/;samesite=lax${location.protocol[5] ? ";secure" : ""}`,
    );
  return domain;
};

/** Returns the cookie called name, after setting it where there are attributes. */
const cookie = (name: string, attributes?: string): string => {
  try {
    if (allowed > 1) {
      if (attributes) document.cookie = name + attributes;
      return document.cookie.match("(^| )" + name + "=([^;]*)")![2];
    }
  } catch {} // none, or a sandboxed frame
  return "";
};

/** Starts or stops storing and sending. Refusing forgets everything. */
export const allow = (yes: boolean, forget?: boolean): void => {
  allowed = 2; // to delete the cookie
  if (forget) {
    store = {};
    setCookie("hw", "");
  }
  allowed = !refused && yes ? (options.storage ? 1 : 2) : 0;
  try {
    if (forget) {
      delete localStorage.hw_at;
      delete localStorage.hw;
      delete sessionStorage.hw;
    }
    if (allowed > 1) store = localStorage || {};
  } catch {}
};
