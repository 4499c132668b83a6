import { setCookie, store } from "./storage";
import { newID } from "./identity";
import { names, pick, queryOf, Texts } from "./touch";
import { list, options } from "./config";

// Taken when the script runs. The entry has the URL as it was navigated to, even where a router has rewritten it since;
// not every engine keeps the fragment there, so the present URL fills what is missing.
const { name: landing_page = location.href, type } = (performance.getEntriesByType("navigation")[0] ||
  {}) as PerformanceNavigationTiming;

// After location.reload() Chromium calls the page its own referrer.
const referrer = type == "reload" ? "" : document.referrer;
const host = referrer.split(/[/:]+/)[1];

const campaign = pick(names, queryOf(landing_page) + queryOf(location.href));

/**
 * Returns the touch of this page's arrival, or nothing where the page is none: a reload, back or forward, an internal
 * navigation, the way back from an ignored referrer, or a direct visit within half an hour of the last activity.
 */
export const arrival = (state: Texts): Texts | undefined => {
  const ignored = from(options.ignoredReferrers);
  if (
    !(referrer && from(
      // The site's registrable domain, from setting a cookie that ends a second later (deleting it would cost as much time
      // again). Where that may not be tried, or where the host has no dot, the host without www stands for it.
      options.ownDomains,
      setCookie("hw_", Date.now(), 1),
      location.hostname.replace(/^www\./, ""),
    )) &&
    // A browser without any visitor id was never recorded, so nothing is repeated: consent banners like to reload the
    // page that they have just got consent for.
    !(state.hw_visitor_id && /^[br]/.test(type)) && // back_forward, reload
    (names.slice(4).some((name) => campaign[name]) ||
      !(referrer ? ignored : Date.now() - (store.hw_at as number) < 18e5))
  )
    return touchHere({ referrer: ignored ? "" : referrer });
};

/** Makes a touch of now and of this page's campaign, and of more. */
export const touchHere = (more: object) =>
  pick(names, { ...campaign, landing_page, ...more, occurred_at: Date.now(), touch_id: newID() } as {});

/**
 * Tells whether the referrer is on one of the domains, which commas or spaces separate, or below one. Nothing is below
 * a name without a dot: like the collector, the snippet takes google.localhost as foreign to localhost.
 */
const from = (...domains: unknown[]) =>
  list(domains).some((domain) => domain == host || (domain.includes(".") && ("." + host).endsWith("." + domain)));
