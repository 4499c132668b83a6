package demo

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The demo's clock. "Days later" can't be waited for, so a visitor of the demo may set the browser's clock back for
// one visit: the outside world's links lead through /travel, which leaves a cookie, and pages with that cookie load a
// script that moves Date before Headwater's does its work. Everything behind the browser is as always: the collector
// takes the time that the browser says, up to 30 days back.

const clockCookie = "demo_clock"

// maxDays is a bit less than what the collector takes.
const maxDays = 29

// travel sets the clock and sends the visitor on, with the referrer of the page that had the link.
func (s *Site) travel(w http.ResponseWriter, r *http.Request) {
	target := r.URL.Query().Get("to")
	u, err := url.Parse(target)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(target, "//") || strings.ContainsAny(target, "\\\r\n\t") {
		http.Error(w, "to: give a path of this website, such as /?utm_source=linkedin", http.StatusBadRequest)
		return
	}
	days, err := strconv.Atoi(r.URL.Query().Get("days"))
	if err != nil || days < 0 || days > maxDays {
		http.Error(w, "days: give a whole number from 0 to 29", http.StatusBadRequest)
		return
	}
	if days == 0 {
		http.SetCookie(w, &http.Cookie{Name: clockCookie, Path: "/", MaxAge: -1})
	} else {
		setClock(w, strconv.Itoa(days)+".arriving")
	}
	http.Redirect(w, r, u.RequestURI(), http.StatusSeeOther)
}

// clock keeps a clock that was set back for as long as one visit lasts: a page that is reached from elsewhere without
// /travel is in the present again.
func (s *Site) clock(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(clockCookie)
		isPage := r.Header.Get("Sec-Fetch-Dest") == "document" && r.URL.Path != "/travel"
		if err != nil || !isPage {
			next.ServeHTTP(w, r)
			return
		}
		days, arriving := strings.CutSuffix(cookie.Value, ".arriving")
		site := r.Header.Get("Sec-Fetch-Site")
		fromElsewhere := site == "cross-site" || site == "none" // none: typed, or a bookmark
		isReload := r.Header.Get("Cache-Control") != ""
		if arriving {
			setClock(w, days)
		} else if fromElsewhere && !isReload {
			http.SetCookie(w, &http.Cookie{Name: clockCookie, Path: "/", MaxAge: -1})
			r.Header.Del("Cookie")
		}
		next.ServeHTTP(w, r)
	})
}

func setClock(w http.ResponseWriter, value string) {
	http.SetCookie(w, &http.Cookie{Name: clockCookie, Value: value, Path: "/", SameSite: http.SameSiteLaxMode})
}

// clockDays returns how many days back the visitor's clock is set, 0 for the present.
func clockDays(r *http.Request) int {
	cookie, err := r.Cookie(clockCookie)
	if err != nil {
		return 0
	}
	days, err := strconv.Atoi(strings.TrimSuffix(cookie.Value, ".arriving"))
	if err != nil || days < 0 || days > maxDays {
		return 0
	}
	return days
}
