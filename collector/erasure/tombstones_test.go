package erasure

import (
	"fmt"
	"testing"
	"time"

	"github.com/headwater/headwater/schema"
)

var erasedAt = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func crmKey(site schema.SiteID, id string) string {
	if id == "" {
		return ""
	}
	return "keyed:" + string(site) + ":" + id
}

func stone(kind schema.SubjectKind, id string) schema.Tombstone {
	return schema.Tombstone{SiteID: "a", ErasureID: "e1", Kind: kind, Subject: id, ErasedAt: erasedAt}
}

func adasSet() *set {
	return (&set{}).with([]schema.Tombstone{
		stone(schema.SubjectContact, "ada"), stone(schema.SubjectVisitor, "v1"), stone(schema.SubjectCRMID, crmKey("a", "7")),
	})
}

func TestVerdicts(t *testing.T) {
	before, after := erasedAt.Add(-time.Hour), erasedAt.Add(time.Hour)
	touch := func(site schema.SiteID, visitor schema.VisitorID, occurred, received time.Time) schema.Record {
		return &schema.TouchRecord{SiteID: site, VisitorID: visitor, Touch: schema.Touch{OccurredAt: occurred}, ReceivedAt: received}
	}
	form := func(contact schema.ContactID, visitor schema.VisitorID, occurred, received time.Time) schema.Record {
		return &schema.Submission{SiteID: "a", ContactID: contact, VisitorID: visitor, OccurredAt: occurred, ReceivedAt: received,
			LatestTouch: schema.Touch{OccurredAt: occurred}}
	}
	for _, c := range []struct {
		name   string
		record schema.Record
		want   verdict
		learns int
	}{
		{"touch before", touch("a", "v1", before, before), gone, 0},
		{"touch at the same time", touch("a", "v1", erasedAt, erasedAt), gone, 0},
		{"touch that waited in the browser", touch("a", "v1", before, after), gone, 0},
		{"touch with a clock that is ahead", touch("a", "v1", after, before), gone, 0},
		{"touch after", touch("a", "v1", after, after), untouched, 0},
		{"somebody else's touch", touch("a", "v2", before, before), untouched, 0},
		{"another site's touch", touch("b", "v1", before, before), untouched, 0},
		{"form before", form("ada", "v1", before, before), gone, 0},
		{"form from a further visitor", form("ada", "v9", before, before), gone, 1},
		{"form without an address", form("", "v1", before, before), gone, 0},
		{"form of another person from the same browser", form("bob", "v1", before, before), changed, 0},
		{"form of another person", form("bob", "v2", before, before), untouched, 0},
		{"form after", form("ada", "v1", after, after), untouched, 0},
		{"nobody's form", form("", "", before, before), untouched, 0},
		{"import before", &schema.Contact{SiteID: "a", ContactID: "ada", CRMID: "9", ReceivedAt: before}, gone, 1},
		{"import after", &schema.Contact{SiteID: "a", ContactID: "ada", ReceivedAt: after}, asks, 0},
		{"another import", &schema.Contact{SiteID: "a", ContactID: "bob", CRMID: "8", ReceivedAt: before}, untouched, 0},
		{"deal before", &schema.Deal{SiteID: "a", ContactID: "ada", ContactCRMID: "7", ReceivedAt: before}, changed, 0},
		{"deal with a further CRM id", &schema.Deal{SiteID: "a", ContactID: "ada", ContactCRMID: "9", ReceivedAt: before}, changed, 1},
		{"deal by CRM id", &schema.Deal{SiteID: "a", ContactCRMID: "7", ReceivedAt: before}, changed, 0},
		{"deal after", &schema.Deal{SiteID: "a", ContactCRMID: "7", ReceivedAt: after}, asks, 0},
		{"another deal", &schema.Deal{SiteID: "a", ContactID: "bob", ContactCRMID: "8", ReceivedAt: before}, untouched, 0},
		{"another site's deal", &schema.Deal{SiteID: "b", ContactID: "ada", ContactCRMID: "7", ReceivedAt: before}, untouched, 0},
		{"a company", &schema.Company{SiteID: "a", CompanyID: "crm:1", ReceivedAt: before}, untouched, 0},
	} {
		v, learned := adasSet().judge(c.record, crmKey)
		if v != c.want || len(learned) != c.learns {
			t.Errorf("%s: verdict %d, %d learned; want %d, %d", c.name, v, len(learned), c.want, c.learns)
		}
		switch r := c.record.(type) {
		case *schema.Deal:
			if v == changed && (r.ContactID != "" || r.ContactCRMID != "") {
				t.Errorf("%s: the deal is still %s's", c.name, r.ContactID)
			}
		case *schema.Submission:
			if v == changed && r.VisitorID != "" {
				t.Errorf("%s: the form still has its visitor", c.name)
			}
		}
	}
}

// Who comes back brings along what the browser remembers: that is not taken over.
func TestTouchesOfBeforeAreTakenOutOfALaterForm(t *testing.T) {
	form := &schema.Submission{
		SiteID: "a", ContactID: "ada", VisitorID: "v1", OccurredAt: erasedAt.Add(time.Hour), ReceivedAt: erasedAt.Add(time.Hour),
		FirstTouch:  schema.Touch{OccurredAt: erasedAt.AddDate(0, -1, 0), UTMSource: "old"},
		LatestTouch: schema.Touch{OccurredAt: erasedAt.Add(time.Minute), UTMSource: "new"},
	}
	if v, _ := adasSet().judge(form, crmKey); v != changed || form.FirstTouch.Present() || form.LatestTouch.UTMSource != "new" || form.VisitorID != "v1" {
		t.Errorf("verdict %d: %+v", v, form)
	}
}

func TestErasedAgain(t *testing.T) {
	again := stone(schema.SubjectContact, "ada")
	again.ErasureID, again.ErasedAt = "e2", erasedAt.AddDate(0, 1, 0)
	form := &schema.Submission{SiteID: "a", ContactID: "ada", OccurredAt: erasedAt.AddDate(0, 0, 3), ReceivedAt: erasedAt.AddDate(0, 0, 3)}
	for _, s := range []*set{adasSet().with([]schema.Tombstone{again}), (&set{}).with([]schema.Tombstone{again}).with([]schema.Tombstone{stone(schema.SubjectContact, "ada")})} {
		if v, _ := s.judge(form, crmKey); v != gone {
			t.Errorf("a form between the two erasures: verdict %d", v)
		}
	}
	known := adasSet()
	if known.with([]schema.Tombstone{stone(schema.SubjectContact, "ada")}) != known {
		t.Error("a tombstone that is known makes another set")
	}
}

func BenchmarkScreenNobody(b *testing.B) {
	known := &set{}
	for i := range 10_000 {
		known = known.with([]schema.Tombstone{stone(schema.SubjectVisitor, fmt.Sprint("v", i))})
		if i == 1000 {
			break
		}
	}
	record := &schema.TouchRecord{SiteID: "a", VisitorID: "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e"}
	b.ReportAllocs()
	for b.Loop() {
		known.judge(record, crmKey)
	}
}
