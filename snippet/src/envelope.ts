import { longest, version } from "headwater:fields";
import { options } from "./config";
import { newID } from "./identity";
import { read } from "./storage";

/** What every submission carries besides the form's own fields. */
export function envelope(submission_id = newID()) {
  const { visitor_id, first_touch, latest_touch } = read();
  return {
    site_id: options.site || "",
    visitor_id,
    submission_id,
    page: location.href.slice(0, longest),
    snippet_version: version,
    first_touch,
    latest_touch,
  };
}

/** Returns an envelope as flat hidden fields: "hw_" and the column's name. */
export function hiddenFields(from: object, prefix = "hw_", fields: Record<string, string> = {}): Record<string, string> {
  for (const [name, value] of Object.entries(from))
    if (typeof value == "object") hiddenFields(value, prefix + name + "_", fields);
    else fields[prefix + name] = "" + value;
  return fields;
}
