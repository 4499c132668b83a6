import { fillNamed, renewChanged } from "./named";
import { listen } from "./page";
import { onElements } from "./scan";

/**
 * Hidden fields that a form builder made: Gravity Forms, WPForms, Contact Form 7, and others that let a field have a name
 * or a class. Cached pages come with somebody else's values, so they are written again when the form is sent.
 */
export function builders(): void {
  onElements((root) => fillNamed(root));
  // On the document: after the core, whose submission id goes into builders' fields, and before the page. Contact Form 7
  // hands what it is about to send by script to an event of its own.
  listen<FormDataEvent & CustomEvent>(
    "submit formdata wpcf7beforesubmit",
    ({ target, formData, detail }) => fillNamed(target as Element, formData || (detail && detail.formData)),
    document,
  );
  renewChanged(document);
}
