package intake

import (
	"strings"
	"unicode"

	"github.com/headwater/headwater/schema"
)

// Limits of typed fields; what is beyond is cut or left out, and the submission is kept.
const (
	maxFields     = 200
	maxFieldName  = 128     // bytes
	maxFieldValue = 8 << 10 // bytes
)

// takeFields bounds what was typed and leaves out what must never be kept. Several values of one name (check boxes)
// become one text.
func (a *arrival) takeFields() error {
	kept := make(params, 0, len(a.raw.fields))
	values := map[string]string{}
	for _, f := range a.raw.fields {
		f.name, f.value = schema.CutText(strings.TrimSpace(f.name), maxFieldName), schema.CutText(f.value, maxFieldValue)
		if f.name == "" {
			continue
		}
		if secretName(f.name) {
			a.in.dropped.WithLabelValues("secret_field").Inc()
			continue
		}
		before, repeated := values[f.name]
		switch {
		case !repeated && len(values) == maxFields:
			a.in.dropped.WithLabelValues("excess_field").Inc()
			continue
		case !repeated || before == "":
			values[f.name] = f.value
		case f.value != "":
			values[f.name] = schema.CutText(before+", "+f.value, maxFieldValue)
		}
		kept = append(kept, f)
	}
	a.raw.fields = kept
	if len(values) > 0 && !a.site.DropFields {
		a.submission.Fields = values
	}
	return nil
}

// secretParts are parts of names that tell of a password or a payment card wherever they stand.
var secretParts = []string{"password", "passwd", "passphrase", "passcode", "passwort", "motdepasse", "contrasena", "wachtwoord",
	"creditcard", "debitcard", "cardnumber", "cardno", "cardnum", "cardcode", "cardcvc", "cardcvv", "cardexp", "ccnumber",
	"ccnum", "ccexp", "cccsc", "cccvc", "cccvv", "securitycode"}

// secretWords do only as a word of their own.
var secretWords = map[string]bool{"pwd": true, "pass": true, "card": true, "cvv": true, "cvv2": true, "cvc": true, "cvc2": true, "csc": true, "pan": true}

// secretName tells whether a field's name says that it holds a password or a payment card, which no lead needs.
func secretName(name string) bool {
	squeezed := squeeze(name)
	for _, part := range secretParts {
		if strings.Contains(squeezed, part) {
			return true
		}
	}
	if secretWords[squeezed] {
		return true
	}
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		switch word = strings.ToLower(word); word {
		case "cvv", "cvv2", "cvc", "cvc2", "csc", "pwd":
			return true
		}
	}
	return false
}

// squeeze is how names of fields are compared: "E-Mail", "e_mail" and "email" are one.
func squeeze(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// The usual names of the fields for e-mail and company, squeezed, best first.
var (
	emailNames = []string{"email", "emailaddress", "mail", "workemail", "businessemail", "companyemail", "youremail", "useremail",
		"contactemail", "mailaddress", "epost", "epostadresse", "emailadresse", "mailadresse", "emailadres", "courriel",
		"adressemail", "correo", "correoelectronico", "sahkoposti"}
	companyNames = []string{"company", "companyname", "organization", "organisation", "organizationname", "organisationname",
		"business", "businessname", "employer", "yourcompany", "firma", "firmenname", "unternehmen", "bedrijf", "bedrijfsnaam",
		"entreprise", "societe", "empresa", "azienda", "foretag", "selskap", "virksomhed", "yritys"}
)

// findContact names the person and the organisation. A missing or broken address is no reason to lose a lead: it is
// kept without a contact.
func (a *arrival) findContact() error {
	address, domain := "", ""
	for _, text := range a.candidates(a.form.EmailField, emailNames, "email") {
		normalised, err := schema.NormaliseEmail(text)
		if err == nil {
			address, domain = normalised, schema.EmailDomain(normalised)
			break
		}
	}
	if address != "" {
		a.submission.ContactID = schema.NewContactID(a.site.contactKey, address)
	}
	if names := a.candidates(a.form.CompanyField, companyNames, ""); len(names) > 0 {
		a.submission.CompanyName = strings.TrimSpace(names[0])
	}
	a.submission.CompanyID = schema.NewCompanyID("", domain, schema.CutText(a.submission.CompanyName, 256))
	return nil
}

// candidates returns the values that are not blank of the field that the config names, else of the fields with a
// usual name, best name first, else of fields whose name contains part.
func (a *arrival) candidates(configured string, usual []string, part string) []string {
	if configured != "" {
		if value := a.raw.fields.get(configured); value != "" {
			return []string{value}
		}
		return nil
	}
	squeezed := make([]string, len(a.raw.fields))
	for i, f := range a.raw.fields {
		if !blank(f.value) {
			squeezed[i] = squeeze(f.name)
		}
	}
	var values, partial []string
	for _, name := range usual {
		for i, f := range a.raw.fields {
			if squeezed[i] == name {
				values = append(values, f.value)
			}
		}
	}
	for i, f := range a.raw.fields {
		if part != "" && strings.Contains(squeezed[i], part) {
			partial = append(partial, f.value)
		}
	}
	return append(values, partial...)
}
