import { guard } from "../config";
import { fillNamed, renew } from "./named";
import { onElements } from "./scan";

/**
 * Hidden fields that a form builder made: Gravity Forms, WPForms, Contact Form 7, and others that let a field have a name
 * or a class. Cached pages come with somebody else's values, so they are written again when the form is sent.
 */
export function builders(): void {
  onElements((root) => fillNamed(root));
  // On the document: after the core, whose submission id goes into builders' fields, and before the page.
  const hear = (type: string, act: (target: Element, event: FormDataEvent & CustomEvent) => void) =>
    document.addEventListener(type, guard((event) => act(event.target as Element, event as never)), true);
  hear("submit", (form) => fillNamed(form));
  hear("formdata", (form, { formData }) => fillNamed(form, formData));
  // Contact Form 7 hands what it is about to send by script to this event.
  hear("wpcf7beforesubmit", (form, { detail }) => fillNamed(form, detail.formData));
  for (const type of ["change", "reset"]) hear(type, (target) => renew(target.closest("form") || target));
}
