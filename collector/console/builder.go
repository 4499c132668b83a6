package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/links"
	"github.com/headwater/headwater/collector/reports"
)

// builderView is what the page that makes a link shows.
type builderView struct {
	Target   string
	Note     string
	Parts    []partView
	Problems []string // of the target and the note
	Replaced []string
	URL      string // "" until there is one
	Twin     *campaignView
	Parsed   bool
}

// partView is one tag in the builder.
type partView struct {
	Name, Title, Help, Value string
	Required                 bool
	Problem, Suggestion      string
	Near                     []string // used values that were perhaps meant
	Listed                   []string // the closed list
	Used                     []string // suggestions
}

func (c *Console) getBuilder(ctx echo.Context, s *session) error {
	draft := links.Draft{Target: ctx.QueryParam("target")}
	for _, part := range links.Parts() {
		draft.Set(part, ctx.QueryParam(part.Parameter()))
	}
	return c.showBuilder(ctx, s, http.StatusOK, draft, false, nil)
}

// postBuilder shows what a link would be, or saves it.
func (c *Console) postBuilder(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	draft := links.Draft{Target: form.Get("target"), Note: form.Get("note")}
	for _, part := range links.Parts() {
		draft.Set(part, form.Get(part.Parameter()))
	}
	if form.Get("do") != "save" {
		return c.showBuilder(ctx, s, http.StatusOK, draft, true, nil)
	}
	convention, _, err := c.config.Links.Convention(ctx.Request().Context(), s.site.ID)
	if err != nil {
		return err
	}
	if len(draft.Check(&convention)) > 0 {
		return c.showBuilder(ctx, s, http.StatusUnprocessableEntity, draft, true, nil)
	}
	ids, err := c.config.Links.Add(ctx.Request().Context(), s.site.ID, string(s.user.ID), draft)
	if err != nil {
		return c.showBuilder(ctx, s, http.StatusUnprocessableEntity, draft, true, err)
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/links/"+ids[0]+"?done=added")
}

func (c *Console) showBuilder(ctx echo.Context, s *session, status int, draft links.Draft, judged bool, problem error) error {
	request := ctx.Request().Context()
	convention, _, err := c.config.Links.Convention(request, s.site.ID)
	if err != nil {
		return err
	}
	saved, err := c.config.Links.List(request, s.site.ID)
	if err != nil {
		return err
	}
	view := builderView{Target: draft.Target, Note: draft.Note}
	used := c.usedValues(ctx, s, saved)
	for _, part := range links.Parts() {
		view.Parts = append(view.Parts, s.part(part, &draft, &convention, used[part]))
	}
	if problem != nil {
		text := s.linkTrouble(problem)
		if text == "" {
			return problem
		}
		view.Problems = append(view.Problems, text)
	}
	if judged {
		c.judgeDraft(s, &view, &draft, &convention, saved)
	}
	return c.render(ctx, status, "builder", s.say("links.new"), s, view)
}

func (c *Console) judgeDraft(s *session, view *builderView, draft *links.Draft, convention *links.Convention, saved []links.Saved) {
	for _, p := range draft.Check(convention) {
		if p.Part == "" {
			view.Problems = append(view.Problems, s.wrongLink(p))
			continue
		}
		at := slices.Index(links.Parts(), p.Part)
		view.Parts[at].Problem, view.Parts[at].Suggestion = s.wrongLink(p), p.Suggestion
	}
	for i, part := range links.Named() {
		view.Parts[i].Near = links.Near(strings.TrimSpace(draft.Of(part)), append(slices.Clone(view.Parts[i].Listed), view.Parts[i].Used...))
		view.Parts[i].Near = slices.DeleteFunc(view.Parts[i].Near, func(near string) bool { return near == view.Parts[i].Suggestion })
	}
	built, err := links.Build(draft.Target, draft.Tags)
	if err != nil {
		return
	}
	view.URL, view.Replaced = built.URL, built.Replaced
	if twin := links.Twin(saved, built.Target, draft.Trimmed()); twin != nil {
		shown := c.campaign(s, twin, nil)
		view.Twin = &shown
	}
}

func (s *speaker) part(part links.Part, draft *links.Draft, convention *links.Convention, used []string) partView {
	return partView{
		Name: part.Parameter(), Title: s.say("links.part." + part.Parameter()), Help: s.say("links.help." + part.Parameter()), Value: draft.Of(part),
		Required: slices.Contains(convention.Required, part), Listed: convention.List(part), Used: used,
	}
}

// usedValues are those that links and traffic have, the most used first: no answer of the report is no reason not to make a link.
func (c *Console) usedValues(ctx echo.Context, s *session, saved []links.Saved) map[links.Part][]string {
	used := map[links.Part][]string{}
	add := func(part links.Part, value string) {
		if value != "" && !slices.Contains(used[part], value) && len(used[part]) < 100 {
			used[part] = append(used[part], value)
		}
	}
	for i := range saved {
		for _, part := range links.Named() {
			add(part, saved[i].Value.Of(part))
		}
	}
	result, err := c.run(ctx.Request().Context(), s, "used_values", reports.Params{Limit: 100})
	if err != nil {
		c.config.Log.Warn("console: no suggestions for links", "error", err)
		return used
	}
	for i := range result.Rows {
		dimension, _ := result.Value(i, "dimension").(string)
		value, _ := result.Value(i, "value").(string)
		add(links.Part(dimension), value)
	}
	return used
}

// importView is what the page of lists shows.
type importView struct {
	Columns  string
	Example  string
	Text     string
	Problems []lineView
}

type lineView struct {
	Line int
	Text string
}

func (c *Console) getImport(ctx echo.Context, s *session) error {
	return c.showImport(ctx, s, http.StatusOK, "", nil)
}

func (c *Console) showImport(ctx echo.Context, s *session, status int, text string, problems []links.LineProblem) error {
	view := importView{Columns: strings.Join(links.Columns(), ", "), Example: "target,utm_source,utm_medium,utm_campaign\nhttps://www.example.com/,linkedin,paid-social,spring", Text: text}
	for _, p := range problems {
		line := s.wrongLink(p.Problem)
		if p.Part != "" {
			line = p.Part.Parameter() + ": " + line
		}
		view.Problems = append(view.Problems, lineView{p.Line, line})
	}
	return c.render(ctx, status, "import", s.say("links.import.title"), s, view)
}

// postImport takes a list from a file, or from the text beside it.
func (c *Console) postImport(ctx echo.Context, s *session) error {
	body, err := listOf(ctx)
	if err != nil {
		return err
	}
	request := ctx.Request().Context()
	convention, _, err := c.config.Links.Convention(request, s.site.ID)
	if err != nil {
		return err
	}
	saved, err := c.config.Links.List(request, s.site.ID)
	if err != nil {
		return err
	}
	drafts, _, problems := links.ReadCSV(body, &convention, saved)
	if len(problems) > 0 {
		text := ""
		if len(body) < 64<<10 {
			text = strings.ToValidUTF8(string(body), "\uFFFD")
		}
		return c.showImport(ctx, s, http.StatusUnprocessableEntity, text, problems)
	}
	if len(drafts) == 0 {
		return ctx.Redirect(http.StatusSeeOther, "/console/links?done=nothing")
	}
	_, err = c.config.Links.Add(request, s.site.ID, string(s.user.ID), drafts...)
	if p := new(links.Problem); errors.As(err, &p) {
		return c.showImport(ctx, s, http.StatusUnprocessableEntity, "", []links.LineProblem{{Line: 1, Problem: p}})
	}
	if err != nil {
		return err
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/links?done=imported")
}

// listOf reads the list of a multipart form: file where somebody chose one, else text.
func listOf(ctx echo.Context) ([]byte, error) {
	r := ctx.Request()
	r.Body = http.MaxBytesReader(ctx.Response(), r.Body, 2*links.MaxCSV+maxForm)
	if err := r.ParseMultipartForm(2 * links.MaxCSV); err != nil {
		return nil, echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	if files := r.MultipartForm.File["file"]; len(files) > 0 && files[0].Size > 0 {
		file, err := files[0].Open()
		if err != nil {
			return nil, fmt.Errorf("read the list: %w", err)
		}
		defer func() { _ = file.Close() }()
		return tooLong(io.ReadAll(io.LimitReader(file, links.MaxCSV+1)))
	}
	return tooLong([]byte(r.PostForm.Get("text")), nil)
}

func tooLong(body []byte, err error) ([]byte, error) {
	if err == nil && len(body) > links.MaxCSV {
		return nil, echo.NewHTTPError(http.StatusRequestEntityTooLarge)
	}
	return body, err
}

// conventionView is what the page of the naming convention shows.
type conventionView struct {
	links.Convention
	May        bool
	Version    uint64
	Separators []choice
	Parts      []choice
	Lists      map[string]string
	Problem    string
	Done       string
}

func (c *Console) getConvention(ctx echo.Context, s *session) error {
	convention, version, err := c.config.Links.Convention(ctx.Request().Context(), s.site.ID)
	if err != nil {
		return err
	}
	return c.showConvention(ctx, s, http.StatusOK, convention, version, "")
}

func (c *Console) showConvention(ctx echo.Context, s *session, status int, convention links.Convention, version uint64, problem string) error {
	view := conventionView{Convention: convention, Version: version, Problem: problem, May: s.role.Allows(accounts.Admin), Done: s.done(map[string]string{"saved": "links.done.convention"}, ctx)}
	view.Separators = []choice{{Value: "", Title: s.say("links.convention.any_separator"), Chosen: convention.Separator == ""}}
	for _, separator := range links.Separators() {
		view.Separators = append(view.Separators, choice{Value: separator, Title: separator, Chosen: convention.Separator == separator})
	}
	for _, part := range links.Named() {
		view.Parts = append(view.Parts, choice{Value: string(part), Title: s.say("links.part." + part.Parameter()), Chosen: slices.Contains(convention.Required, part)})
	}
	view.Lists = map[string]string{"sources": strings.Join(convention.Sources, "\n"), "mediums": strings.Join(convention.Mediums, "\n"), "campaigns": strings.Join(convention.Campaigns, "\n")}
	return c.render(ctx, status, "convention", s.say("links.convention.title"), s, view)
}

func (c *Console) postConvention(ctx echo.Context, s *session) error {
	r := ctx.Request()
	r.Body = http.MaxBytesReader(ctx.Response(), r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	form := r.PostForm
	over, err := strconv.ParseUint(form.Get("over"), 10, 64)
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	convention := conventionOf(form)
	err = c.config.Links.SetConvention(r.Context(), s.site.ID, string(s.user.ID), over, convention)
	if err == nil {
		return ctx.Redirect(http.StatusSeeOther, "/console/convention?done=saved")
	}
	text := s.linkTrouble(err)
	if text == "" {
		return err
	}
	return c.showConvention(ctx, s, http.StatusUnprocessableEntity, convention, over, text)
}

func conventionOf(form url.Values) links.Convention {
	convention := links.Convention{LowerCase: form.Get("lower_case") != "", ASCII: form.Get("ascii") != "", Separator: form.Get("separator"),
		Sources: linesOf(form.Get("sources")), Mediums: linesOf(form.Get("mediums")), Campaigns: linesOf(form.Get("campaigns"))}
	for _, part := range form["required"] {
		convention.Required = append(convention.Required, links.Part(part))
	}
	length, err := strconv.Atoi(strings.TrimSpace(form.Get("max_length")))
	if err != nil && strings.TrimSpace(form.Get("max_length")) != "" {
		length = -1 // refused by its check
	}
	convention.MaxLength = length
	return convention
}

// linesOf are the values of a list, one a line, each once.
func linesOf(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	return list
}
