package schema

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// ContactID is a person of one site: HMAC-SHA256(site key, normalised e-mail) in hex, so that tables hold no address.
type ContactID string

// Contact is a person that the CRM knew already (an import): a row of table contacts. People who came through a form
// need no row here, their submissions tell.
type Contact struct {
	SiteID      SiteID    `json:"site_id" ch:"site_id" by:"server"`
	ImportID    string    `json:"import_id" ch:"import_id" by:"server"`
	ContactID   ContactID `json:"contact_id" ch:"contact_id" by:"server"`
	CRMID       string    `json:"crm_id,omitempty" ch:"crm_id" max:"128" by:"crm"`
	CompanyID   CompanyID `json:"company_id,omitempty" ch:"company_id" by:"server"`
	CompanyName string    `json:"company_name,omitempty" ch:"company_name" max:"256" by:"crm"`
	// CreatedAt is when the CRM created the contact; where it does not say, when the import was received.
	CreatedAt  time.Time `json:"created_at" ch:"created_at" by:"crm"`
	ReceivedAt time.Time `json:"received_at" ch:"received_at" by:"server"`
}

// NormaliseEmail returns the form of an address that identifies its owner: trimmed, lower case, the host in its
// IDNA ASCII form. No provider tricks: dots and plus tags stay (design.md §7).
func NormaliseEmail(text string) (string, error) {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if len(text) > 320 {
		return "", errors.New("e-mail: longer than 320 bytes (RFC 5321 allows 64 + @ + 255)")
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Name != "" || strings.ContainsAny(text, "<> ") {
		return "", fmt.Errorf("e-mail: %.64q is not an address such as ada@example.com", text)
	}
	at := strings.LastIndexByte(address.Address, '@')
	local, host := address.Address[:at], address.Address[at+1:]
	host, err = idna.Lookup.ToASCII(strings.ToLower(host))
	if err != nil || host == "" || !strings.Contains(host, ".") {
		return "", fmt.Errorf("e-mail: %.64q has no valid host name after @", text)
	}
	return strings.ToLower(local) + "@" + host, nil
}

// EmailDomain returns the host part of a normalised address.
func EmailDomain(normalised string) string {
	return normalised[strings.LastIndexByte(normalised, '@')+1:]
}

// NewContactID returns the contact's id on the site that owns key.
func NewContactID(key []byte, normalisedEmail string) ContactID {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(normalisedEmail))
	return ContactID(hex.EncodeToString(mac.Sum(nil)))
}
