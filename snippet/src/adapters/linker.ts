import { adopt, isNew, Linked, storedVisitor } from "./adopt";
import { known } from "./headwater";
import { words } from "./list";
import { addHidden, base, guard, listen, options, urlOf } from "./page";
import { onElements } from "./scan";

const NAME = "hw_link";

/** How long a token is used, in milliseconds: the collector takes it for two minutes. */
const FRESH = 9e4;

const domains = words((options.linkDomains || "").toLowerCase());

const domainOf = (host: string) => domains.find((domain) => ("." + host).endsWith("." + domain));

/** The token for the next link, and when it was asked for. It counts once. */
let token = "";
let askedAt = 0;

const isFresh = () => Date.now() - askedAt < FRESH;

/** The visitor who may be taken along: one whom the core keeps, not one of this page only. */
function visitor(): string {
  const { hw_visitor_id } = known();
  return hw_visitor_id == storedVisitor() ? hw_visitor_id : "";
}

async function post(path: string, body: object, mayKeep = false): Promise<{ link: string } & Linked> {
  const answer = await fetch(base + path, {
    method: "POST",
    body: JSON.stringify({ site_id: options.site || "", ...body }),
    keepalive: true,
    credentials: mayKeep ? "include" : "omit",
  });
  if (!answer.ok) throw answer;
  return answer.json();
}

/** Returns the element whose address an event leads to and the attribute, where it is another own domain. */
function leading({ target, submitter }: Event & { submitter?: Element | null }): [Element, string] | undefined {
  const element = (target as Element).closest("a[href],area[href],form")!;
  const found: [Element, string] =
    submitter && submitter.hasAttribute("formaction")
      ? [submitter, "formaction"]
      : [element, element.matches("form") ? "action" : "href"];
  const domain = domainOf(urlOf(found[0].getAttribute(found[1])!).hostname);
  return domain && domain != domainOf(location.hostname) ? found : undefined;
}

/** Gets a token ahead of the click, which must not wait for it. */
async function prepare(event: Event): Promise<void> {
  if (isFresh() || !leading(event)) return; // one is there, or on its way
  const visitor_id = visitor();
  if (!visitor_id) return;
  token = "";
  askedAt = Date.now();
  try {
    token = (await post("link", { visitor_id })).link;
  } catch {
    askedAt = 0;
  }
}

/** Decorates a link or form that leads to another own domain while the browser reads its address, and no longer. */
function follow(event: Event): void {
  const found = leading(event);
  // The right button opens a menu.
  if (!found || !token || !isFresh() || !visitor() || (event as MouseEvent).button == 2) return;
  const [element, attribute] = found;
  const before = element.getAttribute(attribute)!;
  const form = attribute != "href" && element.closest("form");
  if (form && (element.getAttribute("formmethod") || form.method) == "get") {
    // Such a form replaces the query of its address by its fields.
    const input = addHidden(form, NAME);
    input.value = token;
    setTimeout(guard(() => input.remove()));
  } else {
    const url = urlOf(before);
    url.search += (url.search && "&") + NAME + "=" + encodeURIComponent(token);
    element.setAttribute(attribute, url.href);
    // Whoever copies the address later must not pass on this visitor.
    setTimeout(guard(() => element.setAttribute(attribute, before)));
  }
  token = "";
  askedAt = 0;
}

/**
 * Takes the token out of the address at once, and redeems it as soon as the visitor may be kept: in any case, so that
 * nobody else can. Where the browser had a visitor here before this page, both are known, and the one of here stays.
 */
function arrive(): void {
  const url = new URL(location.href);
  let link = url.searchParams.get(NAME);
  if (link == null) return;
  url.search = url.search.replace(/[?&]hw_link=[^&]*/g, "").replace(/^&/, "");
  history.replaceState(history.state, "", url.href);
  onElements(async () => {
    if (!link || !visitor()) return;
    // The answer sets the visitor's cookie, which lasts longer than a script's.
    const mayAdopt = isNew(visitor());
    const token = link;
    link = "";
    const linked = await post("link/redeem", { link: token }, mayAdopt);
    if (mayAdopt) adopt(linked);
  });
}

/** Takes a visitor along to another domain of the customer's, where the browser has no cookie of theirs. */
export function linker(): void {
  arrive();
  listen("pointerdown mouseover focusin", prepare);
  listen("click auxclick submit", follow);
}
