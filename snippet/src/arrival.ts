import { base, debug, hosts, options } from "./config";
import { allowed, setCookie, State } from "./storage";
import { campaignOf, newTouch, Touch } from "./touch";

const HALF_HOUR = 18e5;

const entry = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined;

// Taken when the script runs. The entry has the URL as it was navigated to, even where a router has rewritten it since;
// not every engine keeps the fragment there, so the present URL fills what is missing.
const referrer = document.referrer;
const landing = entry && /^http/.test(entry.name) ? entry.name : location.href;
const campaign = { ...campaignOf(location.href), ...campaignOf(landing) };

/**
 * Returns the touch of this page's arrival, or nothing where the page is none: a reload, back or forward, an internal
 * navigation, the way back from an ignored referrer, or a direct visit within half an hour of the last activity.
 */
export function arrival(state: State): Touch | undefined {
  const host = new URL(referrer || landing).hostname;
  const tagged = Object.keys(campaign)[0];
  const ignored = within(host, hosts(options.ignoredReferrers));
  if (referrer && within(host, ownDomains())) {
    if (tagged) debug("internal UTMs ignored: " + landing + " was linked from " + referrer);
    return;
  }
  // A browser without any visitor id was never recorded, so nothing is repeated: consent banners like to reload the
  // page that they have just got consent for.
  if (state.visitor_id && entry && entry.type != "navigate") return;
  if (tagged || (referrer ? !ignored : !(Math.abs(Date.now() - state.active_at!) < HALF_HOUR)))
    return newTouch({ ...campaign, landing_page: landing, referrer: ignored ? "" : referrer });
}

/** The site's domains. Without leave to try a cookie, the host without www stands for the registrable domain. */
function ownDomains(): string[] {
  let domain = location.hostname.replace(/^www\./, "");
  if (allowed()) {
    domain = setCookie("hw_", "1", 9);
    setCookie("hw_", "", 0);
  }
  return [domain, base.hostname, ...hosts(options.ownDomains)];
}

const within = (host: string, domains: string[]) =>
  domains.some((domain) => domain && ("." + host).endsWith("." + domain));
