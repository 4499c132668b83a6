/** Returns a new UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, version, 74 random bits around the variant. */
export const newID = (): string =>
  // 11 hex digits until the year 2527
  (0 + Date.now().toString(16)).replace(/.{8}/, "$&-") +
  "-7" +
  // The File API has every browser put a random UUID at the end of a blob's address, also where http: has no randomUUID.
  URL.createObjectURL(new Blob()).slice(-21);

/**
 * Returns an id that came from storage or a cookie, "" unless it is a lower-case UUID: the collector refuses
 * anything else, and would refuse the lead with it.
 */
export const knownID = (text: string): string =>
  /^([\da-f]{4}-?){8}$/.test(text) ? text : "";
