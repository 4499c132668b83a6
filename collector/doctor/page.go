package doctor

import (
	"bytes"
	"mime"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// page is what the doctor reads from a page's HTML.
type page struct {
	url     *url.URL
	base    *url.URL
	scripts []scriptTag
	forms   []formTag
	frames  []string // addresses of iframes
	metas   []policy // of http-equiv
	inline  []string // text of inline scripts
	links   []string
	classes []string
	comment bool // a comment holds the script's name
}

type scriptTag struct {
	attributes map[string]string
	url        *url.URL
	inHead     bool
}

type formTag struct {
	attributes map[string]string
	id, name   string
	fields     []field
	classes    string
}

type field struct{ name, kind string }

func isHTML(response *Response) bool {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml" || err != nil && bytes.Contains(bytes.ToLower(response.Body[:min(1024, len(response.Body))]), []byte("<html"))
}

// metaRefresh returns where the first http-equiv refresh of a page leads, "" for none.
func metaRefresh(body []byte) string {
	tokens := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			switch token.DataAtom {
			case atom.Body:
				return ""
			case atom.Noscript: // not for browsers that run scripts
				skip(tokens, "noscript")
			case atom.Meta:
				attributes := attributesOf(token.Attr)
				if strings.EqualFold(attributes["http-equiv"], "refresh") {
					return refreshTarget(attributes["content"])
				}
			}
		}
	}
}

func skip(tokens *html.Tokenizer, name string) {
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return
		case html.EndTagToken:
			if tag, _ := tokens.TagName(); string(tag) == name {
				return
			}
		}
	}
}

func attributesOf(list []html.Attribute) map[string]string {
	attributes := map[string]string{}
	for _, a := range list {
		if _, there := attributes[a.Key]; !there && a.Namespace == "" {
			attributes[a.Key] = a.Val
		}
	}
	return attributes
}

// readPage reads the HTML as a browser with scripts does: what is inside noscript is text, what is inside template is nothing.
func readPage(response *Response) (*page, error) {
	reader, err := charset.NewReader(bytes.NewReader(response.Body), response.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	root, err := html.ParseWithOptions(reader, html.ParseOptionEnableScripting(true))
	if err != nil {
		return nil, err
	}
	p := &page{url: response.URL, base: response.URL}
	p.walk(root, noForm, false)
	return p, nil
}

const noForm = -1

// walk visits a node; form is the place in p.forms of the one that it is in.
func (p *page) walk(n *html.Node, form int, inHead bool) {
	if n.Type == html.CommentNode && strings.Contains(n.Data, "/hw.") {
		p.comment = true
	}
	if n.Type == html.ElementNode {
		attributes := attributesOf(n.Attr)
		if class := attributes["class"]; class != "" {
			p.classes = append(p.classes, class)
		}
		switch n.DataAtom {
		case atom.Head:
			inHead = true
		case atom.Body:
			inHead = false
		case atom.Template:
			return
		case atom.Form:
			p.forms = append(p.forms, formTag{attributes: attributes, id: attributes["id"], name: attributes["name"], classes: attributes["class"]})
			form = len(p.forms) - 1
		default:
			p.element(n, attributes, form, inHead)
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.walk(child, form, inHead)
	}
}

func (p *page) element(n *html.Node, attributes map[string]string, form int, inHead bool) {
	switch n.DataAtom {
	case atom.Base:
		if u, err := p.url.Parse(attributes["href"]); err == nil && p.base == p.url && attributes["href"] != "" {
			p.base = u
		}
	case atom.Script:
		p.script(n, attributes, inHead)
	case atom.Iframe:
		source := attributes["src"]
		if source == "" {
			source = attributes["data-src"]
		}
		if u, err := p.base.Parse(source); err == nil && source != "" {
			p.frames = append(p.frames, u.String())
		}
	case atom.Meta:
		if strings.EqualFold(attributes["http-equiv"], "content-security-policy") {
			p.metas = append(p.metas, parsePolicy(attributes["content"]).forMeta())
		}
	case atom.A:
		p.links = append(p.links, attributes["href"])
	case atom.Input, atom.Select, atom.Textarea, atom.Button:
		p.control(n, attributes, form)
	}
}

func (p *page) script(n *html.Node, attributes map[string]string, inHead bool) {
	source, external := attributes["src"]
	if !external {
		if n.FirstChild != nil {
			p.inline = append(p.inline, n.FirstChild.Data)
		}
		return
	}
	if u, err := p.base.Parse(strings.TrimSpace(source)); err == nil {
		p.scripts = append(p.scripts, scriptTag{attributes, u, inHead})
	}
}

// control gives a field to the form that it names, else to the one it is in.
func (p *page) control(n *html.Node, attributes map[string]string, form int) {
	if owner := attributes["form"]; owner != "" {
		form = slices.IndexFunc(p.forms, func(f formTag) bool { return f.id == owner })
	}
	if form == noForm {
		return
	}
	kind := n.Data
	if n.DataAtom == atom.Input {
		kind = strings.ToLower(attributes["type"])
	}
	p.forms[form].fields = append(p.forms[form].fields, field{attributes["name"], kind})
}
