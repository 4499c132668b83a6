package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"

	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/console/pagelist"
	"github.com/headwater/headwater/tools/dev/browser"
)

// The selection that is looked at, and the contact: one with a story to tell.
const (
	selectionName     = "LinkedIn or webinar"
	linkedInOrWebinar = "?g1=first_touch.source:is:linkedin&g2=lead_creation.campaign:contains:webinar"
	withStory         = "?g1=won_deals:at_least:1&g1=submissions:at_least:2&g1=lead_creation.campaign:not_empty:&g1=company:not_empty:"
)

// prepare finds what the pages of one thing are about, or makes it, as a person does: in the console.
func (p *photographer) prepare(tab context.Context) error {
	p.things.Website = p.stack.Demo
	enter := func(ctx context.Context) error { return p.be(ctx, pagelist.Admin) }
	for _, step := range []func(context.Context) error{enter, p.findPerson, p.findCompany, p.haveSelection, p.moveCards, p.haveCampaign, p.haveToken} {
		ctx, cancel := context.WithTimeout(tab, patience)
		err := step(ctx)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *photographer) haveToken(ctx context.Context) error {
	link, err := p.link(ctx)
	p.things.Token = path.Base(link)
	return err
}

func (p *photographer) findPerson(ctx context.Context) error {
	if err := p.open(ctx, "/contacts"+withStory, ".contacts tbody a"); err != nil {
		return fmt.Errorf("find a contact with a won deal: %w", err)
	}
	card, err := p.ask(ctx, `document.querySelector(".contacts tbody a").pathname`)
	if err != nil {
		return err
	}
	p.things.Contact = path.Base(card)
	if err := p.open(ctx, "/contacts/"+p.things.Contact, ".points"); err != nil {
		return err
	}
	p.things.Email, err = p.ask(ctx, `[...document.querySelectorAll(".sent dd")].map(typed => typed.textContent).find(text => /^\S+@\S+$/.test(text)) ?? ""`)
	if err == nil && p.things.Email == "" {
		err = errors.New("the card of a contact shows no e-mail address: does the site keep what is typed?")
	}
	return err
}

func (p *photographer) findCompany(ctx context.Context) error {
	card, err := p.ask(ctx, `document.querySelector("main a[href^='/console/company?']")?.href ?? ""`)
	if err != nil {
		return err
	}
	address, err := url.Parse(card)
	if err != nil || address.Query().Get("id") == "" {
		return fmt.Errorf("the card of a contact leads to no company: %q", card)
	}
	p.things.Company = address.Query().Get("id")
	return nil
}

// haveSelection saves the selection, unless it is there from an earlier run.
func (p *photographer) haveSelection(ctx context.Context) error {
	if err := p.open(ctx, "/selections", "main"); err != nil {
		return err
	}
	found, err := p.ask(ctx, fmt.Sprintf(`[...document.querySelectorAll(".selections li")].find(one => one.querySelector("h2").textContent === %q)
		?.querySelector("a[href$='/board']").pathname.split("/")[3] ?? ""`, selectionName))
	if err != nil || found != "" {
		p.things.Selection = found
		return err
	}
	save := pagelist.Page{Path: "/contacts" + linkedInOrWebinar, Typed: map[string]string{"name": selectionName, "kind": "dynamic"}, Wait: "[role=status]"}
	if err := browser.Show(ctx, p.stack.Collector, save, p.things); err != nil {
		return fmt.Errorf("save a selection: %w", err)
	}
	p.things.Selection, err = p.ask(ctx, `new URL(location.href).searchParams.get("selection")`)
	return err
}

// moveCards moves some cards of the selection's board, unless somebody has.
func (p *photographer) moveCards(ctx context.Context) error {
	if err := p.open(ctx, "/selections/"+p.things.Selection+"/board", ".kanban form"); err != nil {
		return err
	}
	if moved, err := p.ask(ctx, `document.querySelector(".moves li")?.textContent ?? ""`); err != nil || moved != "" {
		return err
	}
	newestFirst := pagelist.Page{Path: "/selections/{selection}/board", Typed: map[string]string{"sort": "created", "dir": "desc"}, Wait: ".kanban form"}
	if err := browser.Show(ctx, p.stack.Collector, newestFirst, p.things); err != nil {
		return fmt.Errorf("sort the board: %w", err)
	}
	refused, err := p.ask(ctx, sendMoves)
	if err == nil && refused != "" {
		err = fmt.Errorf("move cards of the board: %s", refused)
	}
	return err
}

// sendMoves sends the forms of the first cards of the first column, and gives what was refused.
const sendMoves = `(async () => {
	const to = ["contacting", "qualified", "qualified", "contacting", "re_nurture", "qualified", "disqualified", "contacting", "qualified", "re_nurture"];
	for (const form of document.querySelectorAll(".column:first-child .kanban form")) {
		if (!to.length) break;
		form.elements.status.value = to.shift();
		const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
		if (!answer.ok || answer.url.includes("problem")) return answer.status + " " + answer.url;
	}
	return "";
})()`

// haveCampaign saves a campaign link, unless there is one.
func (p *photographer) haveCampaign(ctx context.Context) error {
	const find = `document.querySelector(".report tbody th a[href^='/console/links/']")?.pathname ?? ""`
	if err := p.open(ctx, "/links", "main"); err != nil {
		return err
	}
	found, err := p.ask(ctx, find)
	if err != nil {
		return err
	}
	if found == "" {
		save := pagelist.Page{Path: "/builder", Wait: ".qr img", Typed: map[string]string{"do": "save", "target": "{website}/pricing",
			"utm_source": "linkedin", "utm_medium": "paid-social", "utm_campaign": "winter-planning", "utm_content": "carousel", "note": "The carousel of the winter campaign."}}
		if err := browser.Show(ctx, p.stack.Collector, save, p.things); err != nil {
			return fmt.Errorf("save a campaign link: %w", err)
		}
		if found, err = p.ask(ctx, "location.pathname"); err != nil {
			return err
		}
	}
	p.things.Campaign = path.Base(found)
	return nil
}

func (p *photographer) open(ctx context.Context, path, there string) error {
	return browser.Show(ctx, p.stack.Collector, pagelist.Page{Path: path, Wait: there}, p.things)
}

// ask evaluates an expression that gives a text, in the page that is open.
func (p *photographer) ask(ctx context.Context, expression string) (string, error) {
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return "", fmt.Errorf("ask the page %.60q: %w", expression, err)
	}
	return text, nil
}
