import { allowed } from "./storage";
import { base, guard } from "./config";

/** Sends again what waits. */
export const resend = guard(() => {
  if (allowed > 1) {
    const waiting = JSON.parse(sessionStorage.hw);
    delete sessionStorage.hw;
    for (const one of waiting) send(...(one as [string, string]));
  }
});

/**
 * Posts body to the collector: as text/plain, which needs no CORS preflight, by a request that outlives the page. Returns
 * the answer. Where none came, or one that says "later" (429, 5xx), the body waits for the next page of this tab, twenty
 * at most and for nine more tries; then nothing is returned. Rejects where nothing may be stored. The ids in a body make copies
 * count once.
 *
 * It waits in sessionStorage, because a submission holds what a person typed: that must end with the tab.
 */
export const send = async (path: string, body: string, tries = 9): Promise<Response | void> => {
  let answer;
  try {
    answer = await fetch(base + path, {
      credentials: allowed > 1 ? "include" : "omit",
      method: "POST",
      body,
      keepalive: true,
    });
  } catch {
    navigator.sendBeacon(base + path, body); // perhaps the page broke fetch
  }
  // 429 and 5xx leave less than 100, the others more.
  if (answer && answer.status % 429 > 99) return answer;
  if (allowed < 2) throw Error("not kept");
  if (tries)
    sessionStorage.hw = JSON.stringify(
      [...JSON.parse(sessionStorage.hw || "[]"), [path, body, tries - 1]].slice(-20),
    );
};
