package erasure

import (
	"context"
	"fmt"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// deleteDerived takes erased people out of the tables that are made of those with their rows, which must be clean by now. Others were
// settled together with them: who created a company is another one now. These are settled anew.
func (e *Erasures) deleteDerived(ctx context.Context, known *set, ids []schema.ErasureID, all []whose) error {
	conn := e.config.Store.Conn()
	var began uint64 // microseconds, as settlements are numbered
	if err := conn.QueryRow(ctx, "SELECT toUInt64(toUnixTimestamp64Micro(now64(6)))").Scan(&began); err != nil {
		return fmt.Errorf("ask for the time: %w", err)
	}
	if err := e.step("clickhouse settled_touches"); err != nil {
		return err
	}
	if _, err := e.mutate(ctx, "settled_touches", "", anyOf(all, whose.ofVisitors)); err != nil {
		return fmt.Errorf("settled_touches: %w", err)
	}
	for _, w := range all {
		for _, statement := range w.unsettle() {
			if err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("tell what is no longer settled: %w", err)
			}
		}
	}
	if err := e.step("clickhouse settled_journeys"); err != nil {
		return err
	}
	for site := range sitesOf(known, ids) {
		if err := reports.Settle(ctx, conn, site, false); err != nil {
			return err
		}
	}
	old := fmt.Sprintf("(removed OR settlement < %d)", began)
	if _, err := e.mutate(ctx, "settled_journeys", "", anyOf(all, func(w whose) string { return w.ofContacts() + " AND " + old })); err != nil {
		return fmt.Errorf("settled_journeys: %w", err)
	}
	if _, err := e.mutate(ctx, "settled_paths", "", anyOf(all, func(w whose) string { return w.ofPaths() + " AND " + old })); err != nil {
		return fmt.Errorf("settled_paths: %w", err)
	}
	if _, err := e.mutate(ctx, "settled_credits", "", anyOf(all, whose.ofPaths)); err != nil {
		return fmt.Errorf("settled_credits: %w", err)
	}
	logged := fmt.Sprintf("(logged_at < fromUnixTimestamp64Micro(toInt64(%d)) OR kind = 'erasure')", began)
	if _, err := e.mutate(ctx, "changes", "", anyOf(all, func(w whose) string { return w.ofEither() + " AND " + logged })); err != nil {
		return fmt.Errorf("changes: %w", err)
	}
	return nil
}

func sitesOf(known *set, ids []schema.ErasureID) map[schema.SiteID]bool {
	sites := map[schema.SiteID]bool{}
	for _, id := range ids {
		sites[known.erasures[id].site] = true
	}
	return sites
}

// ofVisitors, ofContacts, ofPaths and ofEither are the conditions of rows of the derived tables: of the visitors, of the contacts and of
// those whose company one of them created, of the contacts' paths, and of changes of theirs.
func (w whose) ofVisitors() string {
	return "site_id = " + w.site + " AND visitor_id IN " + w.visitors
}

func (w whose) ofContacts() string {
	return "site_id = " + w.site + " AND (contact_id != '' AND contact_id IN " + w.contacts + " OR company_creation.1 != '' AND company_creation.1 IN " + w.contacts + ")"
}

func (w whose) ofPaths() string {
	return "site_id = " + w.site + " AND contact_id != '' AND contact_id IN " + w.contacts
}

func (w whose) ofEither() string {
	return "site_id = " + w.site + " AND (contact_id != '' AND contact_id IN " + w.contacts + " OR visitor_id IN " + w.visitors + ")"
}

// unsettle are statements that enter in table changes what an erasure changes, of which nothing else tells: rows that are deleted
// are not inserted. What is left of the visitors and contacts is from after the erasure. What names a contact is of kind erasure and goes
// again once it is settled.
func (w whose) unsettle() []string {
	changes := "INSERT INTO " + w.database + "changes "
	return []string{
		changes + "(site_id, kind, touch_id, visitor_id) SELECT site_id, 'touch', touch_id, visitor_id FROM " + w.database + "touches WHERE " + w.ofVisitors(),
		changes + "(site_id, kind, contact_id, company_ids) SELECT DISTINCT site_id, 'erasure', contact_id, arrayFilter(name -> name != '', [company_id, contact_company]) FROM " +
			w.database + "settled_journeys WHERE " + w.ofContacts(),
		changes + "(site_id, kind, id) SELECT DISTINCT site_id, 'deal', id FROM " + w.database + "settled_journeys WHERE kind = 'deal' AND " + w.ofContacts(),
	}
}

// unsettleOthers does the same for those who sent a form from a browser of the person.
func (w whose) unsettleOthers() string {
	return "INSERT INTO " + w.database + "changes (site_id, kind, contact_id) SELECT DISTINCT site_id, 'contact', contact_id FROM " + w.database + "submissions WHERE " + w.foreign()
}
