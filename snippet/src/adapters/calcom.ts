import { options } from "../config";
import type { Fields } from "./headwater";
import { words } from "./list";
import { isFrom, onPosted, submit } from "./submission";

/**
 * Cal.com says the same booking twice: bookingSuccessful, whose booking may name the person, then bookingSuccessfulV2.
 * What a page calls its embed (the namespace) chooses the form.
 */
export const calcom = () =>
  onPosted(/./, ({ originator, type, namespace, data }, origin) => {
    if (originator != "CAL" || !/^bookingSuccessful(V2)?$/.test(type) || !isCal(origin)) return;
    const { uid, responses, attendees = [] } = data.booking || data;
    const { name, email } = responses || attendees[0] || {};
    const fields: Fields = { calcom_booking_uid: uid };
    if (typeof name == "string") fields.name = name;
    if (typeof email == "string") fields.email = email;
    submit(options.calcomForm, namespace, "calcom " + uid, fields);
  });

/** Cal.com runs on its own hosts, and on the customer's: data-calcom-origins. */
const isCal = (origin: string) => isFrom(origin, /(^|\.)cal\.(com|eu)$/) || words(options.calcomOrigins).includes(origin);
