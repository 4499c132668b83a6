import { version } from "headwater:fields";
import { options } from "./config";
import { read } from "./storage";
import { texts, Touch } from "./touch";

/** What every submission carries besides the form's own fields. */
export function envelope(submission_id: string) {
  const { visitor_id, first_touch, latest_touch } = read();
  return {
    site_id: options.site,
    visitor_id: visitor_id || undefined,
    submission_id,
    page: location.href.slice(0, 2048),
    snippet_version: version,
    first_touch,
    latest_touch,
  };
}

/** The same as flat hidden fields: "hw_" and the column's name. A touch that is not there has empty fields. */
export function hiddenFields(submission_id: string): Record<string, string> {
  const fields: Record<string, string> = {};
  const { first_touch, latest_touch, ...rest } = envelope(submission_id);
  const add = (prefix: string, names: string[], from: object = {}) => {
    for (const name of names) fields[prefix + name] = "" + ((from as Touch)[name] || "");
  };
  const touch = ["touch_id", "occurred_at", ...texts];
  add("hw_", Object.keys(rest), rest);
  add("hw_first_touch_", touch, first_touch);
  add("hw_latest_touch_", touch, latest_touch);
  return fields;
}
