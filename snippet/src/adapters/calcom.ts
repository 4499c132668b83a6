import { words } from "./list";
import { options } from "./page";
import { onPosted, submit } from "./submission";

/**
 * Cal.com says the same booking twice: bookingSuccessful, whose booking may name the person, then bookingSuccessfulV2.
 * What a page calls its embed (the namespace) chooses the form. The customer may run it on a host of theirs.
 */
export const calcom = () =>
  onPosted(
    /(^|\.)cal\.(com|eu)$/,
    ({ originator, type, namespace, data }) => {
      if (originator != "CAL" || !/^bookingSuccessful(V2)?$/.test(type)) return;
      const { uid, responses, attendees = [] } = data.booking || data;
      const { name, email } = responses || attendees[0] || {};
      submit(options.calcomForm, namespace, uid, { calcom_booking_uid: uid, name, email });
    },
    words(options.calcomOrigins),
  );
