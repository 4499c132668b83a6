package console

import (
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/doctor"
)

// doctorView is what the page of the doctor shows.
type doctorView struct {
	May     bool
	Address string
	Which   string // site or link
	Problem string
	Worst   string // severity of the worst finding, "" where nothing was checked
	Verdict string
	Added   bool
	Steps   []hopView
	Parts   []doctorPart
}

type hopView struct {
	URL      string
	Status   int
	How      string
	Findings []findingView
}

// doctorPart is one part of a check: the script, what blocks it, one form.
type doctorPart struct {
	Title, Note string
	Findings    []findingView
}

type findingView struct{ Severity, Label, What, Why, Do string }

// Checks of one user: a few at once, then one more every while. They are requests to other people's servers.
const (
	checkBurst  = 10
	checkRefill = 20 * time.Second
)

// checks bounds what the doctor does for each user.
type checks struct {
	mu    sync.Mutex
	users buckets[accounts.UserID]
}

func newChecks() *checks { return &checks{users: newBuckets[accounts.UserID](checkBurst, checkRefill)} }

// take counts a check; it returns how long to wait where there were too many.
func (c *checks) take(user accounts.UserID, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.users.get(user, now)
	wait := own.wait(checkRefill)
	if wait == 0 {
		own.tokens--
	}
	return wait
}

func (c *Console) getDoctor(ctx echo.Context, s *session) error {
	return c.showDoctor(ctx, s, http.StatusOK, doctorView{Address: ctx.QueryParam("address")})
}

func (c *Console) showDoctor(ctx echo.Context, s *session, status int, view doctorView) error {
	view.May = s.role.Allows(accounts.Marketer)
	return c.render(ctx, status, "doctor", s.say("doctor.title"), s, view)
}

func (c *Console) postDoctor(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	view := doctorView{Address: strings.TrimSpace(form.Get("address")), Which: form.Get("which")}
	if view.Address == "" {
		view.Problem = s.say("doctor.no_address")
		return c.showDoctor(ctx, s, http.StatusUnprocessableEntity, view)
	}
	if wait := c.checks.take(s.user.ID, c.config.Now()); wait > 0 {
		seconds := int(math.Ceil(wait.Seconds()))
		ctx.Response().Header().Set("Retry-After", strconv.Itoa(seconds))
		view.Problem = s.say("doctor.wait", "Count", seconds)
		return c.showDoctor(ctx, s, http.StatusTooManyRequests, view)
	}
	d := &doctor.Doctor{Fetcher: c.config.Doctor.Fetcher, Site: s.site, PublicURL: c.publicURL.String(), Scripts: c.config.Doctor.Scripts}
	var worst doctor.Severity
	if view.Which == "link" {
		trace := d.Trace(ctx.Request().Context(), view.Address)
		worst = trace.Worst()
		s.showTrace(&view, trace)
	} else {
		found := d.Check(ctx.Request().Context(), view.Address)
		worst = found.Worst()
		s.showExamination(&view, found)
	}
	view.Worst, view.Verdict = worst.String(), s.say("doctor.verdict."+worst.String())
	return c.showDoctor(ctx, s, http.StatusOK, view)
}

func (s *speaker) showTrace(view *doctorView, trace *doctor.Trace) {
	view.Added = trace.Added
	for _, step := range trace.Steps {
		shown := hopView{URL: step.URL, Status: step.Status, Findings: s.findings(step.Findings)}
		if step.How == "meta" || step.How == "refresh" {
			shown.How = s.say("doctor.how." + step.How)
		}
		view.Steps = append(view.Steps, shown)
	}
	if len(trace.Findings) > 0 {
		view.Parts = append(view.Parts, doctorPart{Title: s.say("doctor.part.way"), Findings: s.findings(trace.Findings)})
	}
}

func (s *speaker) showExamination(view *doctorView, found *doctor.Examination) {
	s.showTrace(view, found.Trace)
	add := func(title, note string, findings []doctor.Finding) {
		if len(findings) > 0 {
			view.Parts = append(view.Parts, doctorPart{title, note, s.findings(findings)})
		}
	}
	add(s.say("doctor.part.script"), "", found.Script)
	add(s.say("doctor.part.policy"), "", found.Blocked)
	for _, form := range found.Forms {
		title := s.say("doctor.part.forms")
		if form.Name != "" {
			title = s.say("doctor.part.form", "Name", form.Name)
		}
		add(title, form.Action, form.Findings)
	}
	add(s.say("doctor.part.site"), "", found.Site)
}

// findings says findings, the worst first.
func (s *speaker) findings(list []doctor.Finding) []findingView {
	var views []findingView
	for severity := doctor.Bad; severity >= doctor.Good; severity-- {
		for _, f := range list {
			if f.Severity == severity {
				views = append(views, s.finding(f))
			}
		}
	}
	return views
}

// finding says what was seen, why it matters and what to do about it; what is good says only the first.
func (s *speaker) finding(f doctor.Finding) findingView {
	var pairs []any
	for name, value := range f.Data {
		pairs = append(pairs, name, value)
	}
	severity := f.Severity.String()
	what, why, do := f.ID+".what", f.ID+".why", f.ID+".do"
	view := findingView{Severity: severity, Label: s.say("doctor.severity." + severity), What: s.say("doctor.finding."+what, pairs...)}
	if f.Severity != doctor.Good {
		view.Why, view.Do = s.say("doctor.finding."+why, pairs...), s.say("doctor.finding."+do, pairs...)
	}
	return view
}

// Diagnosis is what was found by the doctor, in words, for whoever reads no pages.
type Diagnosis struct{ Severity, What, Why, Do string }

// Diagnoses says findings in English, for the command line.
func Diagnoses(list []doctor.Finding) ([]Diagnosis, error) {
	w, err := loadWords(slog.Default())
	if err != nil {
		return nil, err
	}
	var said []Diagnosis
	for _, view := range w.speakers[languages[0]].findings(list) {
		said = append(said, Diagnosis{view.Severity, view.What, view.Why, view.Do})
	}
	return said, nil
}
