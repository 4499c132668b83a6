import { options } from "./page";
import { onPosted, submit } from "./submission";

/** Calendly says that a meeting was booked, and the addresses of both in its API, never who booked. */
export const calendly = () =>
  onPosted(/^calendly\.com$/, ({ event, payload }) => {
    if (event != "calendly.event_scheduled") return;
    const calendly_invitee_uri = payload.invitee.uri;
    submit(options.calendlyForm, "", calendly_invitee_uri, { calendly_event_uri: payload.event.uri, calendly_invitee_uri });
  });
