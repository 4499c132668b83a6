import { withCore } from "./headwater";

let last: boolean | undefined;

/** Tells the core what a visitor decided, unless it has been told the same. */
export function decide(granted: boolean): void {
  if (granted === last) return;
  last = granted;
  withCore((headwater) => headwater.consent(granted));
}
