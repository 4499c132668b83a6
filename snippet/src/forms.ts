import { guard } from "./config";
import { hiddenFields } from "./envelope";
import { newID } from "./identity";

// Not every form: a GET form would carry its hidden fields into the address bar, so a search form stays as it is.
const SELECTOR = "form[method=post i],form[data-hw-form]";

/** The submission id of each form's present content: resending the same content sends the same id. */
let ids = new WeakMap<Element, string>();

/** Forms that were sent, or read by a script, under their present id. */
const used = new WeakSet<Element>();

/** Writes the hidden fields of form: over the inputs of that name where there are any, else into new ones. */
function stamp(form: Element, data?: FormData): void {
  const id = ids.get(form) || newID();
  ids.set(form, id);
  const fields = hiddenFields(id);
  for (const name of Object.keys(fields)) {
    const inputs = form.querySelectorAll<HTMLInputElement>(`[name=${name}]`);
    if (!inputs[0]) {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = fields[name];
      form.appendChild(input);
    }
    inputs.forEach((input) => (input.value = fields[name]));
    if (data) data.set(name, fields[name]);
  }
}

/** Stamps the page's forms: those that lack their fields, or every one. Not while the parser may still add to them. */
export function stampForms(every?: unknown): void {
  if (document.readyState != "loading")
    document.querySelectorAll(SELECTOR).forEach((form) => {
      if (every || !ids.has(form) || !form.querySelector("[name=hw_submission_id]")) stamp(form);
    });
}

/** Keeps the fields of every form right until it is sent: late ones, cloned ones, cached ones with old values. */
export function watchForms(): void {
  // Window and capture: before any handler of the page reads the form.
  const on = (type: string, act: (form: Element, event: Event) => void) =>
    addEventListener(
      type,
      guard((event: Event) => {
        const form = (event.target as Element).closest(SELECTOR);
        if (form) act(form, event);
      }),
      true,
    );
  const use = (form: Element, event: Event) => {
    stamp(form, (event as FormDataEvent).formData);
    used.add(form);
  };
  const renew = (form: Element) => {
    if (used.delete(form)) {
      ids.delete(form);
      stamp(form);
    }
  };
  on("submit", use);
  on("formdata", use); // also form.submit(), which sends no submit event, and new FormData(form)
  on("input", renew);
  on("reset", renew);
  addEventListener("DOMContentLoaded", guard(stampForms));
  addEventListener(
    "pageshow",
    guard((event: PageTransitionEvent) => {
      // Back from the page that the form led to: what is sent now is another submission.
      if (event.persisted) {
        ids = new WeakMap();
        stampForms();
      }
    }),
  );
  new MutationObserver(guard(() => stampForms())).observe(document, { childList: true, subtree: true });
}
