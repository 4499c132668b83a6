package rejection

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// Page is a small page of the collector's own: a person sees it, so it must explain itself.
type Page struct {
	Title string
	Text  string
	// Detail is smaller print, for the person who runs the site.
	Detail string
	// Back is where the link leads, "" for none; it must have been checked.
	Back      string
	BackLabel string
	Good      bool
	// Again are the fields of the form that the page's button sends, to the page's own address; nil for no button.
	Again []Field
}

const pageStyle = `:root{color-scheme:light dark;--ground:#f4f6f8;--card:#fff;--ink:#16202b;--quiet:#5a6775;--mark:#0b7a55;--wrong:#b3261e;--line:#dde3e9}
@media (prefers-color-scheme:dark){:root{--ground:#10161c;--card:#19222b;--ink:#eef3f7;--quiet:#9fb0bf;--mark:#4cc79b;--wrong:#ff8a80;--line:#2b3742}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--ground);color:var(--ink);font:17px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:480px;padding:36px 32px;background:var(--card);border:1px solid var(--line);border-radius:14px}
svg{display:block;width:44px;height:44px;color:var(--mark)}.wrong svg{color:var(--wrong)}
h1{margin:18px 0 8px;font-size:26px;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}p{margin:0 0 12px;overflow-wrap:anywhere}
.detail{color:var(--quiet);font-size:14px}a,button{display:inline-block;margin-top:12px;padding:11px 20px;border-radius:9px;background:var(--ink);color:var(--card);font-weight:600;text-align:center;text-decoration:none}
button{border:0;font:inherit;font-weight:600;cursor:pointer}
a:focus-visible,button:focus-visible{outline:3px solid var(--mark);outline-offset:3px}`

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Page.Title}}</title>
<style>{{.Style}}</style>
</head>
<body>
<main{{if not .Page.Good}} class="wrong"{{end}}>
<svg viewBox="0 0 44 44" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="22" cy="22" r="20"/>{{if .Page.Good}}<path d="M13 23l6 6 12-13"/>{{else}}<path d="M22 12v13M22 31v.5"/>{{end}}</svg>
<h1>{{.Page.Title}}</h1>
<p>{{.Page.Text}}</p>
{{with .Page.Detail}}<p class="detail">{{.}}</p>
{{end}}{{if .Page.Again}}<form method="post">
{{range .Page.Again}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<button>Send again</button>
</form>
{{end}}{{if .Page.Back}}<a href="{{.Page.Back}}" rel="noreferrer">{{.Page.BackLabel}}</a>
{{end}}</main>
</body>
</html>
`))

var pageStyleHash = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

// policy lets nothing run and nothing load, and a form be sent only where the page has one. Its answer leads to the site's
// own page, which form-action applies to as well: it cannot be 'self' alone.
func (p Page) policy() string {
	action := "'none'"
	if p.Again != nil {
		action = "'self' https: http://localhost:* http://127.0.0.1:*"
	}
	return "default-src 'none'; style-src 'sha256-" + pageStyleHash + "'; base-uri 'none'; form-action " + action + "; frame-ancestors 'none'"
}

// Write answers with the page under a policy that lets nothing run and nothing load.
func (p Page) Write(c echo.Context, status int) error {
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, struct {
		Page  Page
		Style template.CSS
	}{p, template.CSS(pageStyle)}); err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentSecurityPolicy, p.policy())
	header.Set(echo.HeaderXContentTypeOptions, "nosniff")
	header.Set(echo.HeaderReferrerPolicy, "no-referrer")
	header.Set(echo.HeaderCacheControl, "no-store")
	return c.HTMLBlob(status, body.Bytes())
}

// writePage shows a rejection to a person whose browser sent a form by itself.
func writePage(c echo.Context, status int, rejected *Error) error {
	page := Page{
		Title:  "This did not go through",
		Text:   rejected.Message,
		Detail: "Use your browser's Back button: what you typed is still there. For the people who run this site: reason " + string(rejected.Reason) + ".",
	}
	switch {
	case rejected.Again != nil:
		page.Title, page.Again = "Please send it once more", rejected.Again
		page.Detail = "What you typed is still there; passwords and card numbers are not sent again. For the people who run this site: reason " + string(rejected.Reason) + "."
	case status == http.StatusTooManyRequests:
		page.Title = "Please wait a moment"
	case status >= http.StatusInternalServerError:
		page.Title = "We could not take this right now"
	case status == http.StatusNotFound:
		page.Title = "There is nothing here"
	}
	return page.Write(c, status)
}

// PrefersHTML tells whether an Accept header asks for a page rather than JSON: browsers do when they send a form by
// themselves, curl's */* does not.
func PrefersHTML(accept string) bool {
	html := quality(accept, "text/html")
	return html > 0 && html >= quality(accept, "application/json")
}

// PrefersJSON tells whether an Accept header names JSON and does not like a page better.
func PrefersJSON(accept string) bool {
	json := quality(accept, "application/json")
	return json > 0 && json >= quality(accept, "text/html")
}

// quality returns the weight of a media type that accept names, in thousandths, 0 where it does not name it.
func quality(accept, mediaType string) int {
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), mediaType) {
			continue
		}
		for parameter := range strings.SplitSeq(parameters, ";") {
			if key, value, _ := strings.Cut(strings.TrimSpace(parameter), "="); strings.EqualFold(key, "q") {
				return thousandths(value)
			}
		}
		return 1000
	}
	return 0
}

// thousandths reads a weight such as 0.8; one that cannot be read counts in full.
func thousandths(text string) int {
	whole, fraction, _ := strings.Cut(strings.TrimSpace(text), ".")
	if whole != "0" || len(fraction) > 3 {
		return 1000
	}
	n := 0
	for _, digit := range (fraction + "000")[:3] {
		if digit < '0' || digit > '9' {
			return 1000
		}
		n = n*10 + int(digit-'0')
	}
	return n
}
