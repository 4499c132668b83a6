import { base, guard, on, options } from "../config";
import { adopt, Linked, storedVisitor } from "./adopt";
import { known } from "./headwater";
import { words } from "./list";
import { onElements } from "./scan";

const NAME = "hw_link";

/** How long a token is used, in milliseconds: the collector takes it for two minutes. */
const FRESH = 9e4;

const domains = words(options.linkDomains).map((domain) => domain.toLowerCase());

const domainOf = (host: string) => domains.find((domain) => host == domain || host.endsWith("." + domain));

/** The token for the next link, and when it was made. It counts once. */
let token = "";
let madeAt = 0;
let isAsked = false;

/** The visitor who may be taken along: one whom the core keeps, not one of this page only. */
const visitor = () => {
  const { hw_visitor_id = "" } = known() || {};
  return hw_visitor_id && hw_visitor_id == storedVisitor() ? hw_visitor_id : "";
};

async function post(path: string, body: object): Promise<{ link?: string } & Linked> {
  const answer = await fetch(base + path, {
    method: "POST",
    body: JSON.stringify({ site_id: options.site || "", ...body }),
    keepalive: true,
  });
  return answer.ok ? answer.json() : {};
}

/** Returns the element whose address the event leads to, and the name of the attribute, where it is another own domain. */
function leading({ target, submitter }: Event & { submitter?: Element | null }): [Element, string] | undefined {
  const element = (target as Element).closest("a[href],area[href],form");
  if (!element) return undefined;
  let found: [Element, string] = [element, element.matches("form") ? "action" : "href"];
  if (submitter && submitter.hasAttribute("formaction")) found = [submitter, "formaction"];
  const address = found[0].getAttribute(found[1]);
  const url = address && new URL(address, document.baseURI);
  const domain = url && /^https?:$/.test(url.protocol) && domainOf(url.hostname);
  return domain && domain != domainOf(location.hostname) ? found : undefined;
}

/** Gets a token ahead of the click, which must not wait for it. */
async function prepare(event: Event): Promise<void> {
  const visitor_id = leading(event) && visitor();
  if (!visitor_id || isAsked || (token && Date.now() - madeAt < FRESH)) return;
  isAsked = true;
  const asked = Date.now();
  try {
    token = (await post("link", { visitor_id })).link || "";
    madeAt = asked;
  } finally {
    isAsked = false;
  }
}

/** Decorates a link or form that leads to another own domain while the browser reads its address, and no longer. */
function follow(event: Event): void {
  const found = (event as MouseEvent).button != 2 && leading(event); // the right one opens a menu
  if (!found || !token || Date.now() - madeAt > FRESH || !visitor()) return;
  const [element, attribute] = found;
  const before = element.getAttribute(attribute)!;
  const form = element.closest("form");
  if (attribute != "href" && (element.getAttribute("formmethod") || form!.method) == "get") {
    // Such a form replaces the query of its address by its fields.
    const input = form!.appendChild(document.createElement("input"));
    input.type = "hidden";
    input.name = NAME;
    input.value = token;
    setTimeout(() => input.remove());
  } else {
    const url = new URL(before, document.baseURI);
    url.search += (url.search && "&") + NAME + "=" + encodeURIComponent(token);
    element.setAttribute(attribute, url.href);
    // Whoever copies the address later must not pass on this visitor.
    setTimeout(() => element.setAttribute(attribute, before));
  }
  token = "";
}

/** Takes the token out of the address at once, and redeems it as soon as the visitor may be kept. */
function arrive(): void {
  const url = new URL(location.href);
  const link = url.searchParams.get(NAME);
  if (link == null) return;
  url.search = url.search.replace(/^\?/, "&").replace(/&hw_link=[^&]*/g, "").replace(/^&/, "");
  history.replaceState(history.state, "", url.href);
  let isDone = false;
  onElements(() => {
    if (isDone || !visitor()) return;
    isDone = true;
    post("link/redeem", { link }).then(guard(adopt), () => {});
  });
}

/** Takes a visitor along to another domain of the customer's, where the browser has no cookie of theirs. */
export function linker(): void {
  arrive();
  if (!domains[0]) return;
  for (const type of ["pointerdown", "mouseover", "focusin"]) on(type, (event) => prepare(event).catch(() => {}));
  for (const type of ["click", "auxclick", "submit"]) on(type, follow);
}
