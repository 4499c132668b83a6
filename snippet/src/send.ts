import { base } from "./config";

/**
 * Posts body to the collector as text/plain, which needs no CORS preflight, by a request that outlives the page. A
 * browser without fetch, or a page that broke it, gets a beacon, whose answer nobody sees.
 */
export async function send(path: string, body: object): Promise<Response | void> {
  const text = JSON.stringify(body);
  try {
    return fetch(base + path, { method: "POST", body: text, keepalive: true, credentials: "include" });
  } catch {
    navigator.sendBeacon(base + path, text);
  }
}
