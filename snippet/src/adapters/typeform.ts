import { options } from "./page";
import { onPosted, submit } from "./submission";

/** Typeform says that a form was sent, and the response's id, never the answers. */
export const typeform = () =>
  onPosted(/(^|\.)typeform\.com$/, ({ type, formId, responseId }) => {
    if (type == "form-submit")
      submit(options.typeformForm, formId, responseId, { typeform_form_id: formId, typeform_response_id: responseId });
  });
