import { options } from "../config";
import { onPosted, submit } from "./submission";

/** Calendly says that a meeting was booked, and the addresses of both in its API, never who booked. */
export const calendly = () =>
  onPosted(/^calendly\.com$/, ({ event, payload }) => {
    if (event == "calendly.event_scheduled")
      submit(options.calendlyForm, "", "calendly " + payload.invitee.uri, {
        calendly_event_uri: payload.event.uri,
        calendly_invitee_uri: payload.invitee.uri,
      });
  });
