package demo

import (
	"html/template"
	"net/http"
	"strings"
	"time"
)

// leadsPage shows what Headwater knows; its script fetches /leads/latest and puts it in the place of what it shows.
func (s *Site) leadsPage(w http.ResponseWriter, r *http.Request) {
	s.leads.looked.Store(time.Now().UnixMilli())
	s.render(w, r, http.StatusOK, "leads", page{Title: "What Headwater knows", Data: s.leads.now()})
}

// leadsLatest answers with the changing part of the page, or 304 where the browser has it.
func (s *Site) leadsLatest(w http.ResponseWriter, r *http.Request) {
	s.leads.looked.Store(time.Now().UnixMilli())
	view := s.leads.now()
	tag := `"` + strings.NewReplacer(`"`, "", "\n", " ").Replace(view.Version) + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	s.execute(w, http.StatusOK, "leads", "latest", view)
}

func (l *leads) now() leadsView {
	l.mu.Lock()
	defer l.mu.Unlock()
	view := l.view
	view.Outside = l.Config.Outside
	return view
}

var pageFunctions = template.FuncMap{
	"when": func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") },
	"iso":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"plural": func(n uint64, one, many string) string {
		if n == 1 {
			return one
		}
		return many
	},
}
