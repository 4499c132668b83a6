import { fields } from "./headwater";
import { guard, listen } from "./page";

interface Touch {
  touch_id?: string;
  occurred_at?: number | string;
}

/** What the collector knows of a linked visitor. */
export interface Linked {
  visitor_id?: string;
  first_touch?: Touch;
}

/** The core's localStorage item, as far as it is looked at here. */
interface Item extends Linked {
  latest_touch?: Touch;
}

const THIRTEEN_MONTHS = 34128e3; // seconds

function item(): Item {
  try {
    return JSON.parse(localStorage.hw);
  } catch {
    return {}; // none, or no storage
  }
}

/** Returns the visitor whom the core has stored, "" where it may not or cannot. */
export const storedVisitor = (): string => item().visitor_id || "";

/** Tells whether a visitor was made on this very page: the id begins with its time, as UUIDv7 do. */
const isNew = (id: string) => parseInt(id.slice(0, 8) + id.slice(9, 13), 16) >= Math.floor(performance.timeOrigin);

const timeOf = ({ occurred_at }: Touch = {}) => +new Date(occurred_at!) || Infinity;

/**
 * Makes the linked visitor this browser's own, unless it had one before this page: then both are known here, and the one
 * who was here first stays.
 */
export function adopt({ visitor_id, first_touch }: Linked): void {
  const own = item();
  if (!visitor_id || visitor_id == own.visitor_id || !isNew(own.visitor_id!)) return;
  if (timeOf(first_touch) < timeOf(own.first_touch)) {
    own.first_touch = { ...first_touch, occurred_at: timeOf(first_touch) };
    if (!own.latest_touch || !own.latest_touch.touch_id) own.latest_touch = own.first_touch;
  }
  keep({ ...own, visitor_id });
  const again = () => {
    const now = item();
    // The answer to this page's own touch sets the cookie of the visitor that it was sent with.
    if (now.visitor_id && fields().hw_visitor_id != visitor_id) keep({ ...now, visitor_id });
  };
  listen("submit visibilitychange pagehide", again);
  new PerformanceObserver(guard(again)).observe({ type: "resource" });
}

function keep(item: Item): void {
  localStorage.hw = JSON.stringify(item);
  // The widest domain that the browser accepts is the registrable one.
  const labels = location.hostname.replace(/^[^.]+$/, "").split(".");
  const cookie = "hw=" + item.visitor_id;
  for (let i = labels.length; i-- && !document.cookie.split("; ").includes(cookie); )
    document.cookie =
      `${cookie};max-age=${THIRTEEN_MONTHS};path=/;domain=${labels.slice(i).join(".")};samesite=lax` +
      (location.protocol[5] ? ";secure" : ""); // http: has no sixth letter
}
