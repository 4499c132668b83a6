/** Returns a new UUIDv7: 48 bits of Unix milliseconds, then random bits (RFC 9562). */
export function newID(): string {
  const random = crypto.getRandomValues(new Uint8Array(10));
  random[0] = (random[0] & 15) | 112; // version 7
  random[2] = (random[2] & 63) | 128; // variant
  let hex = Date.now().toString(16).padStart(12, "0");
  for (const byte of random) hex += (byte + 256).toString(16).slice(1);
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Returns an id that came from storage or a cookie, "" unless it is a lower-case UUID (and not the nil one): the
 * collector refuses anything else, and would refuse the lead with it.
 */
export function knownID(text: unknown): string {
  return /^[\da-f]{8}-[\da-f]{4}(-[1-9a-f][\da-f]{3}){2}-[\da-f]{12}$/.test("" + text) ? "" + text : "";
}
