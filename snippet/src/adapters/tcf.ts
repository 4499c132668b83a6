import { guard, on, options } from "../config";
import { decide } from "./consent";
import { words } from "./list";
import { onElements } from "./scan";

interface Data {
  gdprApplies?: boolean;
  eventStatus?: string;
  purpose?: { consents?: Record<string, boolean> };
}

type API = (command: string, version: number, callback: (data: Data, success: boolean) => void) => void;

/** 1: store and access information on a device. 7: measure advertising performance. */
const PURPOSES = words(options.tcfPurposes || "1 7");

/** Takes what the visitor decided in a consent dialogue. That it is shown (cmpuishown) decides nothing. */
function hear(data: Data, success: boolean): void {
  if (!success) return;
  if (data.gdprApplies === false) decide(true);
  else if (/^(tcloaded|useractioncomplete)$/.test(data.eventStatus!)) {
    const { consents = {} } = data.purpose || {};
    decide(PURPOSES.every((purpose) => consents[purpose] === true));
  }
}

/** IAB Transparency and Consent Framework v2: what a visitor agreed to, from any consent platform that speaks it. */
export function tcf(): void {
  let known: API | undefined;
  // Platforms come late, by a script that adds an element at the latest: their locator frame.
  const look = () => {
    const api = (window as { __tcfapi?: API }).__tcfapi;
    if (api && !known) (known = api)("addEventListener", 2, guard(hear));
    return !!known;
  };
  onElements(look);
  if (!look() && parent != window) askAround(() => !!known);
}

/** In a frame the platform is in a page around it, and answers messages. */
function askAround(isKnown: () => boolean): void {
  const callId = "headwater";
  let platform: Window | undefined;
  on<MessageEvent>("message", ({ data, source }) => {
    const { __tcfapiReturn: answer } = typeof data == "string" ? JSON.parse(data) : data;
    if (platform && source == platform && answer.callId == callId) hear(answer.returnValue, answer.success);
  });
  const ask = () => {
    for (let page: Window = window; !platform && !isKnown() && page != top; ) {
      page = page.parent;
      try {
        if ((page.frames as Window & { __tcfapiLocator?: Window }).__tcfapiLocator) platform = page;
      } catch {} // another origin without that frame
      if (platform)
        platform.postMessage({ __tcfapiCall: { command: "addEventListener", version: 2, callId } }, "*");
    }
  };
  ask();
  for (const type of ["DOMContentLoaded", "load", "focusin"]) on(type, ask);
}
