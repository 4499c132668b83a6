/** A test of pure functions; it throws where something is wrong. */
export type Tests = Record<string, () => void>;

/** Throws unless got is what was wanted, compared as JSON. */
export function equal(got: unknown, want: unknown, what = ""): void {
  const [is, should] = [JSON.stringify(got), JSON.stringify(want)];
  if (is != should) throw Error(`${what} is ${is}, not ${should}`);
}

/** Runs tests and returns what went wrong, by name; empty texts are passed ones. */
export function run(tests: Tests): Record<string, string> {
  const results: Record<string, string> = {};
  for (const [name, test] of Object.entries(tests)) {
    results[name] = "";
    try {
      test();
    } catch (error) {
      results[name] = "" + error;
    }
  }
  return results;
}
