import { options } from "./config";
import { allowed, setCookie, State } from "./storage";
import { campaignOf, newTouch, Touch } from "./touch";

const HALF_HOUR = 18e5;

// Taken when the script runs. The entry has the URL as it was navigated to, even where a router has rewritten it since;
// not every engine keeps the fragment there, so the present URL fills what is missing.
const { name: landing = location.href, type } = (performance.getEntriesByType("navigation")[0] ||
  {}) as PerformanceNavigationTiming;

// After location.reload() Chromium calls the page its own referrer.
const referrer = type == "reload" ? "" : document.referrer;
const host = referrer && new URL(referrer).hostname;

const campaign = { ...campaignOf(location.href), ...campaignOf(landing) };

/**
 * Returns the touch of this page's arrival, or nothing where the page is none: a reload, back or forward, an internal
 * navigation, the way back from an ignored referrer, or a direct visit within half an hour of the last activity.
 */
export function arrival(state: State): Touch | undefined {
  const tagged = Object.keys(campaign)[0];
  const ignored = from(options.ignoredReferrers);
  if (from(ownDomain() + " " + options.ownDomains)) {
    if (tagged && "debug" in options) console.warn("headwater: internal UTMs", landing);
  } else if (
    // A browser without any visitor id was never recorded, so nothing is repeated: consent banners like to reload the
    // page that they have just got consent for.
    !(state.visitor_id && /^[br]/.test(type)) && // back_forward, reload
    (tagged || (referrer ? !ignored : !(Date.now() - state.active_at! < HALF_HOUR)))
  )
    return newTouch({ ...campaign, landing_page: landing, referrer: ignored ? "" : referrer });
}

/** The site's registrable domain. Without leave to try a cookie, or without a dot, the host without www stands for it. */
const ownDomain = () =>
  (allowed && (setCookie("hw_", 1, 9), setCookie("hw_", "", 0))) || location.hostname.replace(/^www\./, "");

/**
 * Tells whether the referrer is on one of the domains, which commas or spaces separate, or below one. Nothing is below
 * a name without a dot: like the collector, the snippet takes google.localhost as foreign to localhost.
 */
const from = (domains = "") =>
  host &&
  domains
    .toLowerCase()
    .split(/[\s,]+/)
    .some((domain) => domain == host || (domain.includes(".") && host.endsWith("." + domain)));
