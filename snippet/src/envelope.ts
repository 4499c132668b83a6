import { read } from "./storage";
import { longest, version } from "headwater:fields";
import { newID } from "./identity";
import { Texts } from "./touch";
import { list, options } from "./config";

/** Returns the hidden fields, what every submission carries besides the form's own: "hw_" and the column's name. */
export const hiddenFields = (hw_submission_id = newID()): Texts => {
  const fields: Texts = {
    ...read(),
    hw_page: location.href.slice(0, longest),
    hw_snippet_version: version,
    hw_site_id: options.site || "",
    hw_submission_id,
  };
  for (const pair of list(options.fields)) {
    const [own, name] = pair.split(":");
    fields[name] = fields["hw_" + own] || "";
  }
  return fields;
};
