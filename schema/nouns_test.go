package schema

import (
	"strings"
	"testing"
)

func TestNormaliseEmail(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{" Ada@Example.COM ", "ada@example.com"},
		{"ada.lovelace+news@gmail.com", "ada.lovelace+news@gmail.com"}, // no provider tricks
		{"info@bücher.example", "info@xn--bcher-kva.example"},
		{"INFO@BÜCHER.example.", "info@xn--bcher-kva.example"},
		{"", ""}, {"ada", ""}, {"ada@", ""}, {"@example.com", ""}, {"ada@localhost", ""},
		{"Ada <ada@example.com>", ""}, {"a@b.example, c@d.example", ""}, {"ada@exa mple.com", ""},
		{strings.Repeat("a", 400) + "@example.com", ""},
	} {
		got, err := NormaliseEmail(c.text)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("NormaliseEmail(%.40q) = %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

func TestContactIDIsKeyedBySite(t *testing.T) {
	secret := []byte("installation secret")
	acme, other := Site{ID: "acme"}, Site{ID: "other"}
	a := NewContactID(acme.ContactKey(secret), "ada@example.com")
	if a != NewContactID(acme.ContactKey(secret), "ada@example.com") || len(a) != 64 {
		t.Errorf("contact id %q is not stable hex of 32 bytes", a)
	}
	if a == NewContactID(other.ContactKey(secret), "ada@example.com") {
		t.Error("two sites share a contact id: one could recognise the other's people")
	}
}

func TestNewCompanyID(t *testing.T) {
	for _, c := range []struct{ crmID, domain, name, want string }{
		{"42", "acme.com", "Acme", "crm:42"},
		{"", "ACME.com", "Acme", "domain:acme.com"},
		{"", "eu.mail.acme.co.uk", "", "domain:acme.co.uk"},
		{"", "gmail.com", "ACME, Inc.", "name:acme inc"},
		{"", "mail.yahoo.co.jp", "", ""},
		{"", "", "  Müller & Söhne   GmbH ", "name:müller söhne gmbh"},
		{"", "", "株式会社ヘッド", "name:株式会社ヘッド"},
		{"", "localhost", " -- ", ""},
	} {
		if got := NewCompanyID(c.crmID, c.domain, c.name); got != CompanyID(c.want) {
			t.Errorf("NewCompanyID(%q, %q, %q) = %q, want %q", c.crmID, c.domain, c.name, got, c.want)
		}
	}
}

func TestMoneyAndStatus(t *testing.T) {
	for _, text := range []string{"0", "1250", "1250.00", "-3.1415", "99999999999999.9999", " 12.5 "} {
		if _, err := ParseAmount(text); err != nil {
			t.Errorf("ParseAmount(%q): %v", text, err)
		}
	}
	for _, text := range []string{"", "1,250.00", "1e3", "NaN", "1.23456", "100000000000000", "0x10", "1.", ".5"} {
		if amount, err := ParseAmount(text); err == nil {
			t.Errorf("ParseAmount(%q) = %v, want an error", text, amount)
		}
	}
	if code, err := ParseCurrency(" eur "); code != "EUR" || err != nil {
		t.Errorf("ParseCurrency(eur) = %q, %v", code, err)
	}
	for _, text := range []string{"", "EURO", "XYZW", "12"} {
		if code, err := ParseCurrency(text); err == nil {
			t.Errorf("ParseCurrency(%q) = %q, want an error", text, code)
		}
	}
	if status, err := ParseDealStatus("Won"); status != DealWon || err != nil {
		t.Errorf("ParseDealStatus(Won) = %q, %v", status, err)
	}
	if _, err := ParseDealStatus("closed"); err == nil {
		t.Error("ParseDealStatus(closed): want an error")
	}
}

func TestParseUUID(t *testing.T) {
	const id = "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e"
	for _, text := range []string{strings.ToUpper(id), strings.ReplaceAll(id, "-", ""), id + "-", " " + id + "\n"} {
		if got, err := ParseUUID("touch_id", text); got != id || err != nil {
			t.Errorf("ParseUUID(%q) = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "{" + id + "}", "urn:uuid:" + id, id + id, strings.Repeat("-", 99) + id, "00000000-0000-0000-0000-000000000000"} {
		if got, err := ParseUUID("touch_id", text); err == nil {
			t.Errorf("ParseUUID(%q) = %q, want an error", text, got)
		}
	}
}
