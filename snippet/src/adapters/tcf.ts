import { decide } from "./consent";
import { words } from "./list";
import { guard, listen, options } from "./page";
import { onElements } from "./scan";

interface Data {
  gdprApplies?: boolean;
  eventStatus?: string;
  purpose?: { consents?: Record<string, boolean> };
}

type API = (command: string, version: number, callback: (data: Data, success: boolean) => void) => void;

/** Takes what the visitor decided in a consent dialogue. That it is shown (cmpuishown) decides nothing. */
function hear({ gdprApplies, eventStatus, purpose }: Data, success: boolean): void {
  if (!success) return;
  // 1: store and access information on a device. 7: measure advertising performance.
  const purposes = words(options.tcfPurposes || "1 7");
  if (gdprApplies === false) decide(true);
  else if (/^(tcloaded|useractioncomplete)$/.test(eventStatus!))
    decide(purposes.every((number) => purpose!.consents![number] === true));
}

/** IAB Transparency and Consent Framework v2: what a visitor agreed to, from any consent platform that speaks it. */
export function tcf(): void {
  let found: unknown;
  // In a frame the platform is in a page around it, and answers messages.
  listen<MessageEvent>("message", ({ data, source }) => {
    const { __tcfapiReturn: answer } = typeof data == "string" ? JSON.parse(data) : data;
    if (source == found && answer.callId == "headwater") hear(answer.returnValue, answer.success);
  });
  // Platforms come late, by a script that adds an element at the latest: their locator frame.
  onElements(() => {
    const api = (window as { __tcfapi?: API }).__tcfapi;
    if (found) return;
    if (api) (found = api)("addEventListener", 2, guard(hear));
    for (let page: Window = window; !found && page != top; ) {
      page = page.parent;
      try {
        if (!(page.frames as Window & { __tcfapiLocator?: Window }).__tcfapiLocator) continue;
      } catch {
        continue; // another origin without that frame
      }
      found = page;
      page.postMessage({ __tcfapiCall: { command: "addEventListener", version: 2, callId: "headwater" } }, "*");
    }
  });
}
