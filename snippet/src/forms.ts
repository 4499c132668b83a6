import { hiddenFields } from "./envelope";
import { guard, on } from "./config";
import { newID } from "./identity";

// Not every form: a GET form would carry its hidden fields into the address bar, so a search form stays as it is.
const SELECTOR = "[method=post i],form[data-hw-form]";

/** The submission id of each form's present content: resending the same content sends the same id. */
let ids = new WeakMap<Element, string>();

/** Stamps the page's new forms, or every one, for another submission. */
export const stampForms = guard(({ length }: { length?: number } & object = {}): void => {
  if (!length) ids = new WeakMap();
  // The parser may still add an input of ours to a form; then there would be two.
  if (document.readyState[7])
    for (const form of document.querySelectorAll(SELECTOR)) if (!ids.has(form)) stamp(form);
});

/** Keeps the fields of every form right until it is sent: late ones, cloned ones, cached ones with old values. */
export const watchForms = (): void => {
  // A click (also the one that Enter makes) comes out of open shadow roots, which submit does not. formdata: also
  // form.submit(), which sends no submit event, and new FormData(form).
  ["click", "submit", "formdata", "change", "input", "reset"].forEach((type, i) =>
    on<FormDataEvent>(type, (event) => {
      const form = (event.composedPath()[0] as Element).closest(SELECTOR);
      if (i > 2) ids.delete(form!);
      if (form) stamp(form, event.formData);
    }),
  );
  on<Event & { length?: number }>("pageshow", stampForms); // perhaps back from the page that the form led to
  new MutationObserver(stampForms).observe(document, { subtree: true, childList: true });
};

/** Writes the hidden fields of form: over the input of that name where there is one, else into a new one. */
const stamp = (form: Element, data?: FormData): void => {
  const id = ids.get(form) || newID();
  ids.set(form, id);
  const added = new DocumentFragment();
  for (const [name, value] of Object.entries(hiddenFields(id))) {
    const input =
      form.querySelector<HTMLInputElement>(`[name="${name}"]`) || added.appendChild(document.createElement("input"));
    input.name = name;
    input.type = "hidden";
    input.value = value;
    // What is sent has each field once, whatever the page made of the form.
    if (data) data.set(name, value);
  }
  form.append(added);
};
