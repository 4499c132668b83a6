/** Returns a new UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, version, 72 random bits around the variant. */
export function newID(): string {
  const time = 0 + Date.now().toString(16); // 11 hex digits until the year 2527
  return (time.slice(0, 8) + "-" + time.slice(8) + "-7xxx-8xxx-xxxxxxxxxxxx").replace(/x/g, () =>
    (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16),
  );
}

/**
 * Returns an id that came from storage or a cookie, "" unless it is a lower-case UUID: the collector refuses
 * anything else, and would refuse the lead with it.
 */
export const knownID = (text: unknown): string =>
  /^[\da-f]{8}(-[\da-f]{4}){4}[\da-f]{8}$/.test(text as string) ? "" + text : "";
