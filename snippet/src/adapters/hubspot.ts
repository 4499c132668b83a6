import { fields } from "./headwater";
import { inside } from "./inside";
import { fieldOf, fillNamed } from "./named";
import { guard, listen, options } from "./page";
import { find, onElements } from "./scan";
import { isFrom, submit } from "./submission";

/** What HubSpotFormsV4 gives of a form of the new editor. */
interface Form {
  getFormId(): string;
  getConversionId(): string;
  getFormFieldValues(): Promise<{ name: string; value: unknown }[]>;
  setFieldValue(name: string, value: string): void;
}

const api = () =>
  (window as { HubSpotFormsV4?: { getForms(): Form[]; getFormFromEvent(event: Event): Form } }).HubSpotFormsV4!;

/** Names of inputs that nobody types into, each behind its form's id. */
const concealed = new Set<string>();

/** Fills the hidden fields of the forms in root, and remembers them. */
function visit(root: ParentNode): void {
  for (const form of find<HTMLFormElement>(root, ".hs-form")) {
    fillNamed(form);
    for (const { name } of find<HTMLInputElement>(form, "[type=hidden],[type=file],[type=password]"))
      concealed.add(form.dataset.formId + name);
  }
}

/** Visits all forms: HubSpot puts some into frames of the page's own origin. */
function visitAll(): void {
  visit(document);
  for (const { contentDocument } of find<HTMLIFrameElement>(document, ".hs-form-iframe"))
    if (contentDocument) visit(contentDocument);
}

/** Fills the hidden fields of a form of the new editor, which may be in a frame that only HubSpot's script can reach. */
const fill = guard(async (form: Form) => {
  for (const { name, value } of await form.getFormFieldValues()) {
    const values = fields();
    const field = fieldOf(name, true, values);
    if (field && values[field] != (value || "")) form.setFieldValue(name, values[field]);
  }
});

/** Sends what a person filled in: a contact's properties lose the prefix that the new editor gives them. */
function send(id: string, conversion: unknown, values: [string, unknown][]): void {
  const filled: Record<string, string> = {};
  for (const [name, value] of values)
    if (value && name != "hs_context" && !concealed.has(id + name) && !fieldOf(name, true, fields()))
      filled[name.replace(/^\d+-\d+\//, "")] = "" + value;
  submit(options.hubspotForm, id, "" + (conversion || id + JSON.stringify(filled)), filled);
}

/** HubSpot's embedded forms: of the legacy editor in the page or a frame, and of the new editor. */
export function hubspot(): void {
  inside();
  onElements((root) => {
    visit(root);
    if (root == document) api().getForms().forEach(fill);
  });
  listen<MessageEvent>("message", ({ data, origin }) => {
    const isHubSpot = origin == location.origin || isFrom(origin, /(^|\.)(hsforms|hubspot)\.(com|net)$/);
    if (data.type != "hsFormCallback" || !isHubSpot) return;
    if (/^on(FormReady|BeforeFormSubmit)$/.test(data.eventName)) visitAll();
    if (data.eventName == "onFormSubmitted")
      send(data.id, data.data.conversionId, Object.entries(data.data.submissionValues));
  });
  listen("hs-form-event:on-ready", (event) => fill(api().getFormFromEvent(event)));
  listen("hs-form-event:on-submission:success", async (event) => {
    const form = api().getFormFromEvent(event);
    visitAll();
    const values = await form.getFormFieldValues();
    send(
      form.getFormId(),
      form.getConversionId(),
      values.map(({ name, value }) => [name, value]),
    );
  });
}
