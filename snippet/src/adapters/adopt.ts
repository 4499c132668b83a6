import { fields } from "./headwater";
import { guard, listen } from "./page";

/** What the collector knows of a linked visitor. */
export interface Linked {
  visitor_id?: string;
  first_touch?: Record<string, string | number>;
}

const ID = "hw_visitor_id";
const FIRST = "hw_first_touch_";
const LATEST = "hw_latest_touch_";

/** The core's localStorage item: a query of hidden fields. It is empty where there is none, or no storage. */
function item(): URLSearchParams {
  try {
    return new URLSearchParams(localStorage.hw);
  } catch {
    return new URLSearchParams();
  }
}

/** Returns the visitor whom the core has stored, "" where it may not or cannot. */
export const storedVisitor = (): string => item().get(ID) || "";

/** Tells whether a visitor was made on this very page: the id begins with its time, as UUIDv7 do. */
export const isNew = (id: string) => parseInt(id.slice(0, 8) + id.slice(9, 13), 16) >= Math.floor(performance.timeOrigin);

/** Makes the linked visitor this browser's own. The older first touch is the first. */
export function adopt({ visitor_id, first_touch }: Linked): void {
  const own = item();
  if (!visitor_id || !own.get(ID)) return; // refused meanwhile
  const at = first_touch && +first_touch.occurred_at; // Unix milliseconds
  if (at && at < (+own.get(FIRST + "occurred_at")! || Infinity))
    for (const prefix of own.get(LATEST + "touch_id") ? [FIRST] : [FIRST, LATEST]) {
      for (const name of [...own.keys()]) if (name.startsWith(prefix)) own.delete(name);
      for (const [name, value] of Object.entries(first_touch!)) own.set(prefix + name, "" + value);
    }
  keep(own, visitor_id);
  const again = () => {
    const now = item();
    // The answer to this page's own touch sets the cookie of the visitor that it was sent with.
    if (now.get(ID) && fields()[ID] != visitor_id) keep(now, visitor_id);
  };
  listen("submit visibilitychange pagehide", again);
  new PerformanceObserver(guard(again)).observe({ type: "resource" });
}

function keep(item: URLSearchParams, visitor_id: string): void {
  item.set(ID, visitor_id);
  localStorage.hw = item;
  // The widest domain that the browser accepts is the registrable one.
  const labels = location.hostname.replace(/^[^.]+$/, "").split(".");
  const cookie = "hw=" + visitor_id;
  for (let i = labels.length; i-- && !document.cookie.split("; ").includes(cookie); )
    document.cookie =
      `${cookie};path=/;max-age=34128000;samesite=lax;domain=${labels.slice(i).join(".")}` + // 13 months
      (location.protocol[5] ? ";secure" : ""); // http: has no sixth letter
}
