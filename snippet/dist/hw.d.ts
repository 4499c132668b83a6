// Made by tools/bundle from snippet/src/api.ts and the schema. Do not edit.

/** A URL parameter that is kept with a touch. */
export type Parameter =
  | "utm_source"
  | "utm_medium"
  | "utm_campaign"
  | "utm_term"
  | "utm_content"
  | "utm_id"
  | "gclid"
  | "gbraid"
  | "wbraid"
  | "msclkid"
  | "fbclid"
  | "ttclid"
  | "twclid"
  | "li_fat_id"
  | "dclid"
  | "epik"
  | "rdt_cid"
  | "sccid"
  | "yclid";

/** The hidden fields by name, such as hw_first_touch_utm_source; empty where there is nothing to say. */
export type HiddenFields = Record<HiddenField, string>;

/** A form sent by script instead of by the browser. */
export interface Submission {
  /** The form's id in the collector's config: the collector gets it as POST /f/{form}. */
  form: string;
  /** What the person typed. */
  fields: Record<string, string>;
  /** Give the same id again when you send the same submission again, so that it counts once. Made up where missing. */
  submission_id?: string;
}

/** window.headwater, once the script runs. */
export interface Headwater {
  /**
   * Sends a submission. Resolves once the collector has it, or it waits to be sent again because nobody answered. Rejects
   * with the collector's message where it refuses, and where nothing may be stored to wait.
   */
  submission(submission: Submission): Promise<{ submission_id: string }>;
  /** Returns the hidden fields, for forms that a script builds or sends; each call has a new hw_submission_id. */
  fields(): HiddenFields;
  /** Records an arrival by hand, with the page's parameters and these: a scanned QR code, a partner's widget. */
  touch(parameters?: Partial<Record<Parameter | "referrer", string>>): void;
  /** Says that the visitor agreed (store and send from now on) or refused (forget everything, stop). */
  consent(granted: boolean): void;
  /** Runs call at once; before the script is there, the array in its place keeps it. */
  push(call: (headwater: Headwater) => void): void;
}

declare global {
  interface Window {
    /** Write `window.headwater = window.headwater || []`, then push. */
    headwater: Headwater | Array<(headwater: Headwater) => void>;
  }
}

/** The name of a hidden field. */
export type HiddenField =
  | "hw_site_id"
  | "hw_visitor_id"
  | "hw_submission_id"
  | "hw_page"
  | "hw_snippet_version"
  | "hw_first_touch_touch_id"
  | "hw_first_touch_occurred_at"
  | "hw_first_touch_utm_source"
  | "hw_first_touch_utm_medium"
  | "hw_first_touch_utm_campaign"
  | "hw_first_touch_utm_term"
  | "hw_first_touch_utm_content"
  | "hw_first_touch_utm_id"
  | "hw_first_touch_gclid"
  | "hw_first_touch_gbraid"
  | "hw_first_touch_wbraid"
  | "hw_first_touch_msclkid"
  | "hw_first_touch_fbclid"
  | "hw_first_touch_ttclid"
  | "hw_first_touch_twclid"
  | "hw_first_touch_li_fat_id"
  | "hw_first_touch_dclid"
  | "hw_first_touch_epik"
  | "hw_first_touch_rdt_cid"
  | "hw_first_touch_sccid"
  | "hw_first_touch_yclid"
  | "hw_first_touch_landing_page"
  | "hw_first_touch_referrer"
  | "hw_latest_touch_touch_id"
  | "hw_latest_touch_occurred_at"
  | "hw_latest_touch_utm_source"
  | "hw_latest_touch_utm_medium"
  | "hw_latest_touch_utm_campaign"
  | "hw_latest_touch_utm_term"
  | "hw_latest_touch_utm_content"
  | "hw_latest_touch_utm_id"
  | "hw_latest_touch_gclid"
  | "hw_latest_touch_gbraid"
  | "hw_latest_touch_wbraid"
  | "hw_latest_touch_msclkid"
  | "hw_latest_touch_fbclid"
  | "hw_latest_touch_ttclid"
  | "hw_latest_touch_twclid"
  | "hw_latest_touch_li_fat_id"
  | "hw_latest_touch_dclid"
  | "hw_latest_touch_epik"
  | "hw_latest_touch_rdt_cid"
  | "hw_latest_touch_sccid"
  | "hw_latest_touch_yclid"
  | "hw_latest_touch_landing_page"
  | "hw_latest_touch_referrer";
