import { newID } from "../identity";
import { fields, Fields } from "./headwater";
import { listen } from "./page";
import { find } from "./scan";

// The core keeps these forms, and the inputs in it that have our own names.
const CORE = "form[method=post i],form[data-hw-form]";

/** The submission id of the present content of a form that the core leaves alone. */
const ids = new WeakMap<object, string>();

/** Returns the submission id of a form's present content. */
export function submissionID(form: object): string {
  const id = ids.get(form) || newID();
  ids.set(form, id);
  return id;
}

/** Takes a form in root whose content changes for another submission. */
export const renewChanged = (root: Node) =>
  listen("change reset", ({ target }) => ids.delete((target as Element).closest("form") || {}), root);

/**
 * Returns the hidden field that a name, an id or a class means: hw_<column> or hw-<column-with-dashes>; in a hidden
 * input also a bare first_touch_… or latest_touch_… and the custom names that the core's data-fields gives. Builders put
 * names into brackets and behind prefixes: form_fields[hw_page], 0-1/first_touch_utm_source.
 */
export function fieldOf(text: string, isHidden: boolean, values: Fields): string | undefined {
  const [, word = ""] = /(\w+)\W*$/.exec(text.replace(/-/g, "_")) || [];
  const name = word.toLowerCase();
  const found = /^hw_/.test(name)
    ? [name]
    : !isHidden
      ? []
      : // Other columns, such as page, are everyday names.
        [text, word, /^(first|latest)_touch_/.test(name) ? "hw_" + name : ""];
  return found.find((field) => field in values);
}

/** Returns the hidden field that an input is made for. */
function meant(input: HTMLInputElement, values: Fields): string | undefined {
  const { type, name, id, classList } = input;
  const around = input.closest("[class*=hw-],[class*=hw_]"); // builders put the class around the input
  return /^(hidden|text)$/.test(type)
    ? [name, id, ...classList, ...(around ? around.classList : [])]
        .map((text) => fieldOf(text, type == "hidden", values)!)
        .find((field) => field)
    : undefined;
}

/** What React was told of an input last. */
const told = new WeakMap<HTMLInputElement, string>();

/**
 * Writes a value. HubSpot's forms are made with React, which hears an input event only where the value is another than the
 * one it last saw being set: by a setter of its own on the input. So that sees another one, and is away while the value is
 * written, by the core too, which hears the event before React does.
 */
function write(input: HTMLInputElement, value: string): void {
  const isReact = input.closest(".hs-form");
  if (input.value == value && (!isReact || told.get(input) == value)) return;
  input.value = isReact ? value + "." : value;
  if (!isReact) return;
  told.set(input, value);
  const setter = Object.getOwnPropertyDescriptor(input, "value");
  delete (input as { value?: string }).value;
  input.value = value;
  for (const type of ["input", "change"]) input.dispatchEvent(new Event(type, { bubbles: true }));
  if (setter) Object.defineProperty(input, "value", setter);
}

/** Writes what is known into the inputs in root that are made for it, and into the data that a form is about to send. */
export function fillNamed(root: ParentNode, data?: FormData): void {
  const inputs = find<HTMLInputElement>(root, "input");
  if (!inputs[0]) return;
  const values = fields();
  for (const input of inputs) {
    const field = meant(input, values);
    const form = input.form || input;
    const isCore = form.matches(CORE);
    if (!field || (field == input.name && isCore && !form.matches(".hs-form"))) continue;
    const own = form.querySelector<HTMLInputElement>("[name=hw_submission_id]");
    const isSubmission = field == "hw_submission_id";
    const value = !isSubmission ? values[field] : own && (isCore || own != input) ? own.value : submissionID(form);
    write(input, value);
    if (data && data.has(input.name)) data.set(input.name, value);
  }
}
