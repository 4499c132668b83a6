package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"mime/multipart"
	"testing"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// valuesOf returns what a multipart form sent.
func valuesOf(t *testing.T, r request) map[string]string {
	t.Helper()
	_, parameters, err := mime.ParseMediaType(r.contentType)
	if err != nil {
		t.Fatalf("the form came as %s: %v", r.contentType, err)
	}
	form, err := multipart.NewReader(bytes.NewReader(r.body), parameters["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for name, all := range form.Value {
		values[name] = all[0]
		if len(all) > 1 {
			t.Errorf("%s is sent %d times", name, len(all))
		}
	}
	return values
}

func wantAll[V comparable](t *testing.T, got, want map[string]V) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %v, want %v", name, got[name], value)
		}
	}
}

func TestDemand15_FieldsOfFormBuilders(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := adapted(t, e, `data-fields="latest_touch_utm_campaign:campaign"`, "",
			"/adapters/builders?utm_source=LinkedIn&utm_campaign=spring&gclid=X")
		visitor := visitorOf(b)
		b.tells(`document.getElementById("input_1_2").value`, "LinkedIn")
		for _, spoil := range []string{"", "spoil()"} {
			b.run(spoil)
			wantAll(t, eval[map[string]string](b, `submitCF7()`), map[string]string{
				"first_touch_utm_source": "LinkedIn", "campaign": "spring",
				// Not ours: a bare everyday name, and an input that a person types into.
				"page": "untouched", "latest_touch_utm_term": "typed",
				"your-email": "ada@example.com", "_wpcf7": "6",
			})
			wantAll(t, eval[map[string]string](b, `submitWPForms()`), map[string]string{
				"wpforms[fields][4]": "spring", "wpforms[fields][1]": "ada@example.com", "wpforms[id]": "15",
			})
			elementor := eval[map[string]string](b, `Object.fromEntries(new FormData(document.getElementById("elementor")))`)
			wantAll(t, elementor, map[string]string{"form_fields[hw_visitor_id]": visitor})
			if id := elementor["form_fields[hw_submission_id]"]; id != elementor["hw_submission_id"] || !uuidV7.MatchString(id) {
				t.Errorf("the builder's field has the submission id %q, the core's %q", id, elementor["hw_submission_id"])
			}
		}
		// Gravity Forms has the form sent into a frame, without a submit event.
		b.run(`document.getElementById("gform_1").submit()`)
		wantAll(t, valuesOf(t, s.wait("/gravity", 1)[0]), map[string]string{
			"input_1": "ada@example.com", "input_2": "LinkedIn", "input_3": "X", "gform_submit": "1", "state_1": "WyJbXSJd",
		})
		b.wantSent("/t", "/gravity")
	})
}

// The next page of a form of several comes by script.
func TestDemand15_LateFieldsOfFormBuilders(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		_, b := adapted(t, e, "", "", "/adapters/builders?utm_source=linkedin")
		b.run(`const next = document.getElementById("field_1_2").cloneNode(true);
			next.querySelector("input").value = "stale"; next.id = "late"; document.getElementById("gform_fields_1").append(next)`)
		b.tells(`document.querySelector("#late input").value`, "linkedin")
	})
}

func TestDemand07_FieldsOfFormBuildersFollowConsent(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, `data-consent="required"`, ""), newTab(t, e)
		b.open(s.page("/adapters/builders?utm_source=linkedin"))
		b.ready()
		b.tells(`submitCF7().first_touch_utm_source`, "") // not what the cache has put there either
		wantNothingStored(b)
		b.wantSent()
		b.run(`headwater.consent(true)`)
		s.touches(1)
		b.tells(`document.querySelector("[name=first_touch_utm_source]").value`, "linkedin")
		b.run(`headwater.consent(false)`)
		b.tells(`document.querySelector("[name=first_touch_utm_source]").value`, "")
	})
}

const hubspotForm = "4a5c7b1e-0d3f-4f6e-9c2d-1b2a3c4d5e6f"

func TestDemand14_HubSpotForms(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		for _, create := range []string{`create(document.getElementById("inline"))`, `createFramed()`} {
			s, b := adapted(t, e, `data-fields="first_touch_utm_source:lead_source__c"`, `data-hubspot-form="`+hubspotForm+`=contact"`, "/adapters/hubspot?utm_source=linkedin&utm_campaign=spring")
			visitor := visitorOf(b)
			b.run(`window.form = ` + create)
			// React knows the values, too.
			b.tells(`[state.lead_source__c, state.hw_first_touch_utm_campaign, state.latest_touch_gclid, state.secret_score].join()`, "linkedin,spring,,7")
			b.run(`send(form)`)
			sent := s.submissions("contact", 1)[0]
			if got := fmt.Sprint(typed(sent)); got != "map[email:ada@example.com firstname:Ada lead_source__c:linkedin]" {
				t.Errorf("a person filled in %s", got)
			}
			wantValue(t, sent, "hw_visitor_id", visitor)
			b.run(`send(form)`) // HubSpot said it twice
			b.run(`postMessage({type: "hsFormCallback", eventName: "onFormSubmitted", id: "another", data: {submissionValues: {email: "eve@example.com"}}}, "*")`)
			eval[bool](b, `new Promise((resolve) => { addEventListener("message", ({data}) => data == "last" && resolve(true)); postMessage("last", "*"); })`)
			b.wantSent("/t", "/f/contact")
		}
	})
}

func TestDemand14_HubSpotFormsOfTheNewEditor(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := adapted(t, e, `data-fields="first_touch_utm_source:lead_source__c"`, `data-hubspot-form="contact"`,
			"/adapters/hubspot?utm_source=linkedin")
		b.run(`createNew()`)
		b.tells(`values["0-1/hw_first_touch_utm_source"] + values["0-1/lead_source__c"]`, "linkedinlinkedin")
		b.run(`sendNew(); sendNew()`)
		got := fmt.Sprint(typed(s.submissions("contact", 1)[0]))
		if got != "map[email:grace@example.com lead_source__c:linkedin name:Acme]" {
			t.Errorf("a person filled in %s", got)
		}
		eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
		b.wantSent("/t", "/f/contact")
	})
}

// The form comes before consent, and nobody is asked for it again.
func TestDemand06_HubSpotFormsFollowConsent(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := newAdapterSite(t, `data-consent="required"`, `data-hubspot-form="contact"`), newTab(t, e)
		b.open(s.page("/adapters/hubspot?utm_campaign=spring&utm_source=linkedin"))
		b.ready()
		b.run(`window.form = create(document.getElementById("inline")); createNew()`)
		eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
		b.tells(`[state.hw_first_touch_utm_campaign, values["0-1/hw_first_touch_utm_source"]].join()`, ",")
		b.run(`sendNew(); send(form.cloneNode(true))`) // sent all the same, to HubSpot
		eval[bool](b, `new Promise((resolve) => setTimeout(() => resolve(true)))`)
		b.wantSent()
		b.run(`headwater.consent(true)`)
		s.touches(1)
		b.tells(`[state.hw_first_touch_utm_campaign, values["0-1/hw_first_touch_utm_source"]].join()`, "spring,linkedin")
	})
}

// message is what a service posts to the page around its frame.
type message = map[string]any

var typeformSubmit = message{"type": "form-submit", "embedId": "45821", "formId": "Ab12Cd", "responseId": "k3j2h1"}

var calendlyScheduled = message{"event": "calendly.event_scheduled", "payload": message{
	"event":   message{"uri": "https://api.calendly.com/scheduled_events/E1"},
	"invitee": message{"uri": "https://api.calendly.com/scheduled_events/E1/invitees/I1"},
}}

func calBooking(kind string, data message) message {
	return message{"originator": "CAL", "type": kind, "namespace": "30min", "fullType": "CAL:30min:" + kind, "data": data}
}

var calBooked = calBooking("bookingSuccessful", message{"confirmed": true, "date": "2026-10-01T09:00:00Z", "duration": 30,
	"organizer": message{"name": "Ada", "email": "organizer@example.com", "timeZone": "Europe/London"},
	"booking":   message{"uid": "bK1", "title": "30 minutes", "attendees": []message{{"name": "Grace", "email": "grace@example.com"}}}})

var calBookedV2 = calBooking("bookingSuccessfulV2", message{"uid": "bK1", "title": "30 minutes", "status": "ACCEPTED", "paymentRequired": false})

// say has a frame post something, and waits until the page has heard it.
func (b *tab) say(frame string, what message) {
	b.t.Helper()
	text, err := json.Marshal(what)
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(`heard = 0; say(` + quote(frame) + `, ` + string(text) + `)`)
	b.await(`heard > 0`)
}

func TestDemand14_ServicesThatSayWhenTheyAreDone(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		s, b := adapted(t, e, "", `data-typeform-form="Ab12Cd=signup, Other=contact" data-calendly-form="contact" data-calcom-form="30min=checkout"`,
			"/adapters/services?utm_source=linkedin")
		visitor := visitorOf(b)
		for range 2 { // services repeat themselves
			b.say("typeform", typeformSubmit)
			b.say("calendly", message{"event": "calendly.date_and_time_selected", "payload": message{}})
			b.say("calendly", calendlyScheduled)
			b.say("calcom", calBooked)
			b.say("calcom", calBookedV2)
		}
		unknown := maps.Clone(typeformSubmit)
		unknown["formId"], unknown["responseId"] = "Unknown", "other"
		b.say("typeform", unknown)
		for form, want := range map[string]map[string]string{
			"signup":   {"typeform_form_id": "Ab12Cd", "typeform_response_id": "k3j2h1"},
			"contact":  {"calendly_event_uri": "https://api.calendly.com/scheduled_events/E1", "calendly_invitee_uri": "https://api.calendly.com/scheduled_events/E1/invitees/I1"},
			"checkout": {"calcom_booking_uid": "bK1", "name": "Grace", "email": "grace@example.com"},
		} {
			sent := s.submissions(form, 1)[0]
			wantValue(t, sent, "hw_visitor_id", visitor)
			if fields := typed(sent); len(fields) != len(want) {
				t.Errorf("%s has the fields %v", form, fields)
			} else {
				wantAll(t, fields, want)
			}
		}
		b.wantSentInAnyOrder("/t", "/f/signup", "/f/contact", "/f/checkout")
	})
}

func TestDemand14_MessagesThatDoNotCount(t *testing.T) {
	everywhere(t, func(t *testing.T, e engine.Engine) {
		const all = `data-typeform-form="signup" data-calendly-form="signup" data-calcom-form="signup" data-hubspot-form="signup"`
		// Of another origin.
		_, b := adapted(t, e, "", all, "/adapters/services")
		hubspot := message{"type": "hsFormCallback", "eventName": "onFormSubmitted", "id": "x", "data": message{"submissionValues": message{"email": "eve@example.com"}}}
		for _, what := range []message{typeformSubmit, calendlyScheduled, calBooked, calBookedV2, hubspot} {
			b.say("stranger", what)
			b.run(`postMessage(` + quote("not even an object") + `, "*"); postMessage(null, "*")`)
		}
		b.say("calcom", calendlyScheduled)
		b.say("calendly", typeformSubmit)
		b.wantSent("/t")

		// Where no form is named.
		_, b = adapted(t, e, "", "", "/adapters/services")
		b.say("typeform", typeformSubmit)
		b.say("calendly", calendlyScheduled)
		b.wantSent("/t")

		// Where the adapter is not wanted.
		_, b = adapted(t, e, "", all+` data-adapters="frames, hubspot"`, "/adapters/services")
		b.say("typeform", typeformSubmit)
		b.say("calcom", calBooked)
		b.wantSent("/t")

		// Before consent.
		s := newAdapterSite(t, `data-consent="required"`, all)
		b = newTab(t, e)
		b.open(s.page("/adapters/services"))
		b.ready()
		b.say("typeform", typeformSubmit)
		b.say("calendly", calendlyScheduled)
		b.wantSent()
		wantNothingStored(b)
	})
}
