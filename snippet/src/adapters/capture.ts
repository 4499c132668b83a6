import { known, withCore } from "./headwater";
import { renewChanged, submissionID } from "./named";
import { base, listen, urlOf } from "./page";

type Field = HTMLInputElement & HTMLSelectElement;

/** Kinds of controls whose value nobody typed for the receiver, or must not leave: hidden ones, files, passwords, buttons. */
const NO_KIND = /^(hidden|file|password|submit|button|reset|image|fieldset|output|object)$/;

/** Names and purposes of secrets, where a control calls itself a text: a shown password, a card. */
const NO_NAME = /pass(word|wd|phrase|code|wort)|(card|cc)[-_ ]?(num|no|code|cvc|cvv|exp|csc)|^(cvv2?|cvc2?|csc|pin|pwd)$|security[-_ ]?code|^cc-|\bcc-|iban/i;

/** Tells whether text is the number of a card: 13 to 19 digits with the check digit of ISO/IEC 7812. */
function isCard(text: string): boolean {
  const digits = text.replace(/[\s.-]/g, "");
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = +digits[digits.length - 1 - i] * (1 + (i % 2));
    sum += digit > 9 ? digit - 9 : digit;
  }
  return /^\d{13,19}$/.test(digits) && sum % 10 == 0;
}

/** Returns what a control adds to the form, nothing where it is off, unnamed, or not to be sent. */
function valuesOf(field: Field): string[] {
  const { name, id, type, autocomplete } = field;
  const isOff = field.matches(":disabled") || (/^(checkbox|radio)$/.test(type) && !field.checked);
  if (!name || isOff || NO_KIND.test(type) || [name, id, autocomplete].some((text) => NO_NAME.test(text || ""))) return [];
  const values = field.selectedOptions ? [...field.selectedOptions].map((option) => option.value) : [field.value];
  return values.filter((value) => value && !isCard(value));
}

/** Returns what a person typed into form, by name; several values of one name in one text. */
function typed(form: HTMLFormElement): Record<string, string> {
  const fields: Record<string, string> = {};
  // The property may be an input that is called so.
  const elements = Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, "elements")!.get!.call(form);
  for (const field of elements as Iterable<Field>)
    for (const value of valuesOf(field))
      fields[field.name] = field.name in fields ? fields[field.name] + ", " + value : value;
  return fields;
}

/** Returns the id in data-hw-form of a form that goes elsewhere: what is posted to the collector needs no copy. */
function captured(form: Element): string {
  const id = form.getAttribute("data-hw-form") || "";
  return urlOf(form.getAttribute("action") || "").href.startsWith(base + "f/") ? "" : id;
}

/** Sends a copy of what form holds. A visitor who must not be followed sends it only where the form goes. */
function capture(form: HTMLFormElement): void {
  const id = captured(form);
  if (!id || !known().hw_visitor_id) return;
  const own = form.querySelector<HTMLInputElement>("[name=hw_submission_id]");
  const submission_id = own ? own.value : submissionID(form);
  withCore((headwater) => headwater.submission({ form: id, fields: typed(form), submission_id }));
}

/** A form that is sent by GET keeps our fields out of the address; the copy has them. */
function keepOutOfAddress(form: HTMLFormElement, data: FormData): void {
  if (!captured(form) || (form.getAttribute("method") || "get").toLowerCase() != "get") return;
  for (const name of [...data.keys()]) if (name.startsWith("hw_")) data.delete(name);
}

const heard = new WeakSet<Node>();

/** Hears the forms in root: the document, or an open shadow root, which events of forms do not leave. */
function hear(root: Node): void {
  if (heard.has(root)) return;
  heard.add(root);
  // On the document: after the core, which writes the submission id, and before the page.
  listen("submit", ({ target }) => capture(target as HTMLFormElement), root);
  listen<FormDataEvent>("formdata", ({ target, formData }) => keepOutOfAddress(target as HTMLFormElement, formData), root);
  renewChanged(root);
}

/** Forms that post elsewhere and ask for it: data-hw-form="<form id>". */
export function capturedForms(): void {
  hear(document);
  // A click, also the one that Enter makes, comes out of shadow roots.
  listen("click", (event) => hear((event.composedPath()[0] as Node).getRootNode()));
}
