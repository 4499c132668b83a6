import { fields, known } from "./headwater";
import { fillNamed, renewChanged, submissionID } from "./named";
import { addHidden, listen } from "./page";
import { find, onFrames } from "./scan";

const FORMS = "form[method=post i]:not(.hs-form),form[data-hw-form]";

let isWatching = false;
const attached = new WeakSet<Document>();

/** Fills the forms of frames of the same origin, which need no script of their own, as the core fills the page's. */
export function inside(): void {
  if (isWatching) return;
  isWatching = true;
  const enter = ({ contentDocument, contentWindow }: HTMLIFrameElement) => {
    // Somebody else's document is null. A frame with a core of its own takes care of itself.
    if (contentDocument) attach(contentDocument, () => !(contentWindow as Window & { headwater?: unknown }).headwater);
  };
  onFrames(enter);
  // A frame has another document each time it loads. This event does not reach the window.
  listen<Event>("load", ({ target }) => enter(target as HTMLIFrameElement), document);
}

/** Fills the forms of a document now, and keeps them right until they are sent. */
export function attach(inner: Document, isOurs = () => true): void {
  const fill = (root: ParentNode, data?: FormData) => {
    if (!isOurs()) return;
    fillNamed(root, data);
    for (const form of find<HTMLFormElement>(root, FORMS)) fillOwn(form, data);
  };
  fill(inner);
  if (attached.has(inner)) return;
  attached.add(inner);
  renewChanged(inner);
  // Late forms show when somebody begins to fill them.
  listen<FormDataEvent>("focusin submit formdata", ({ target, formData }) => fill((target as Element).closest("form")!, formData), inner);
}

/** Writes all hidden fields into a form. Where nothing may be told, only those that it has already. */
function fillOwn(form: HTMLFormElement, data?: FormData): void {
  const values = fields();
  const told = known(values);
  for (const [name, text] of Object.entries(values)) {
    const value = name == "hw_submission_id" ? submissionID(form) : text;
    const input = form.querySelector<HTMLInputElement>(`[name="${name}"]`) || (name in told && addHidden(form, name));
    if (!input) continue;
    input.value = value;
    if (data) data.set(name, value);
  }
}
