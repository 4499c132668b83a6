/** The snippet's own script element. */
const script = document.currentScript as HTMLScriptElement;

/** The attributes of the script tag; README.md lists them. */
export const options = script.dataset;

/** Where the collector is: the folder of the script, whatever its file name and whoever proxies it. */
export const base = new URL(".", script.src);

/** The browser asks not to be followed: nothing is stored, no visitor id, no touch is sent. */
export const refused =
  (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl || navigator.doNotTrack == "1";

/** Listens on the window, before any handler of the page. */
export const on = <E extends Event>(type: string, act: (event: E) => unknown) =>
  addEventListener(type, guard(act as (event: Event) => void), true);

/** Splits a list in an attribute, by commas or spaces. */
export const list = (...texts: unknown[]): string[] => ("" + texts).match(/[^\s,]+/g) || [];

/** Wraps a handler: whatever goes wrong in it, the page never sees it. */
export const guard =
  <A extends unknown[]>(act: (...args: A) => void) =>
  (...args: A): void => {
    try {
      act(...args);
    } catch {}
  };
