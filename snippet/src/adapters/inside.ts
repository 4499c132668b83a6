import { guard } from "../config";
import { fields, known } from "./headwater";
import { fillNamed, renew, submissionID } from "./named";
import { find, onElements } from "./scan";

const FORMS = "form[method=post i]:not(.hs-form),form[data-hw-form]";

let watching = false;
const attached = new WeakSet<Document>();

/** Fills the forms of frames of the same origin, which need no script of their own, as the core fills the page's. */
export function inside(): void {
  if (watching) return;
  watching = true;
  const enter = (frame: HTMLIFrameElement) => {
    const inner = frame.contentDocument; // null where it is somebody else's
    if (inner) attach(inner);
  };
  onElements((root) => find<HTMLIFrameElement>(root, "iframe").forEach(guard(enter)));
  // A frame has another document each time it loads. This event does not reach the window.
  document.addEventListener("load", guard(({ target }) => enter(target as HTMLIFrameElement)), true);
}

/** Fills the forms of a document now, and keeps them right until they are sent. */
export function attach(inner: Document): void {
  const fill = (root: ParentNode, data?: FormData) => {
    // A frame with a core of its own takes care of itself.
    if (inner != document && (inner.defaultView as Window & { headwater?: unknown }).headwater) return;
    fillNamed(root, data);
    for (const form of find<HTMLFormElement>(root, FORMS)) fillOwn(form, data);
  };
  if (!attached.has(inner)) {
    attached.add(inner);
    // Late forms show when somebody begins to fill them.
    for (const type of ["focusin", "change", "reset", "submit", "formdata"])
      inner.addEventListener(
        type,
        guard((event: Event) => {
          const form = (event.target as Element).closest("form");
          if (form && /^(ch|re)/.test(type)) renew(form);
          if (form) fill(form, (event as FormDataEvent).formData);
        }),
        true,
      );
  }
  fill(inner);
}

/** Writes all hidden fields into a form. Where nothing may be told, only those that it has already. */
function fillOwn(form: HTMLFormElement, data?: FormData): void {
  const mayTell = known();
  for (let [name, value] of Object.entries(fields() || {})) {
    if (name == "hw_submission_id") value = submissionID(form);
    let input = form.querySelector<HTMLInputElement>(`[name="${name}"]`);
    if (!input && mayTell) {
      input = form.appendChild(form.ownerDocument.createElement("input"));
      input.type = "hidden";
      input.name = name;
    }
    if (!input) continue;
    input.value = value;
    if (data) data.set(name, value);
  }
}
