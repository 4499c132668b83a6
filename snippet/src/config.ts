/** The snippet's own script element. Modules have no currentScript, so they must carry data-site. */
const script = (document.currentScript || document.querySelector("script[data-site]")) as HTMLScriptElement;

/** The attributes of the script tag; README.md lists them. */
export const options = script.dataset;

/** Where the collector is: the folder of the script, whatever its file name and whoever proxies it. */
export const base = new URL(".", script.src);

/** The browser asks not to be followed: nothing is stored, no visitor id, no touch is sent. */
export const refused =
  !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl || navigator.doNotTrack == "1";

/** Splits an attribute's list of hosts at commas and spaces. */
export const hosts = (list = "") => list.toLowerCase().split(/[\s,]+/);

/** Tells the developer of the page, where the script tag has data-debug. */
export function debug(message: unknown): void {
  if ("debug" in options) console.warn("headwater:", message);
}

/** Wraps a handler: whatever goes wrong in it, the page never sees it. */
export const guard =
  <A extends unknown[]>(act: (...args: A) => void) =>
  (...args: A): void => {
    try {
      act(...args);
    } catch (error) {
      debug(error);
    }
  };
