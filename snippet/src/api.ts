/** A URL parameter that is kept with a touch. */
export type Parameter = import("headwater:fields").Parameter;

/** The hidden fields by name, such as hw_first_touch_utm_source; empty where there is nothing to say. */
export type HiddenFields = Record<import("headwater:fields").HiddenField, string>;

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
