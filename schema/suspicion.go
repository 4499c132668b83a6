package schema

// Suspicion is why a touch or a submission is kept and yet left out of the reports; "" where nobody doubts it. It is a
// guess, never a proof, so nothing is thrown away for it, and an operator can overrule it: the columns verdict and judged_at, which only `headwater suspects` fills.
type Suspicion string

// The suspicions. Where several fit, a record has the first of them in this order.
const (
	// SuspectBot: the User-Agent header is one of a known crawler, scanner or driven browser.
	SuspectBot Suspicion = "bot"
	// SuspectHoneypot: the form's field that no person sees was filled in.
	SuspectHoneypot Suspicion = "honeypot"
	// SuspectTooFast: the form was sent sooner after its token was fetched than a person can type.
	SuspectTooFast Suspicion = "too_fast"
	// SuspectNoToken: the form asks for a token, and none came, or one that is too old or not ours.
	SuspectNoToken Suspicion = "no_token"
	// SuspectForgedOrigin: the browser says that the page is on an origin that is none of the site's.
	SuspectForgedOrigin Suspicion = "forged_origin"
	// SuspectReferrerSpam: the referrer is a host that sends visits only to be seen in reports.
	SuspectReferrerSpam Suspicion = "referrer_spam"
	// SuspectRate: more came from this network, or to this site, than people send.
	SuspectRate Suspicion = "rate"
	// SuspectOperator: an operator said so.
	SuspectOperator Suspicion = "operator"
)

// Suspicions lists them in their order.
func Suspicions() []Suspicion {
	return []Suspicion{SuspectBot, SuspectHoneypot, SuspectTooFast, SuspectNoToken, SuspectForgedOrigin, SuspectReferrerSpam, SuspectRate, SuspectOperator}
}

// VerdictClear is the verdict by which an operator takes a suspicion away; every other verdict is a Suspicion.
const VerdictClear = "clear"

// SuspicionOf is the suspicion that a record came in under, "" for none.
func SuspicionOf(record Record) Suspicion {
	switch record := record.(type) {
	case *TouchRecord:
		return record.Suspect
	case *Submission:
		return record.Suspect
	}
	return ""
}
