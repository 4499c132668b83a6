package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// People knows what is held of people, and forgets them.
type People interface {
	// Export returns everything that is held of a person, a table each.
	Export(ctx context.Context, person schema.Person) ([]*reports.Result, error)
	// Erase begins to forget a person. A *rejection.Error from it, or from the others, is answered as it is.
	Erase(ctx context.Context, person schema.Person, by, reason string) (schema.Erasure, error)
	Progress(ctx context.Context, site schema.SiteID, id schema.ErasureID) (schema.Erasure, error)
	// Barred tells whether a contact was erased and has not come back by themself since. crmID may be empty.
	Barred(ctx context.Context, site schema.SiteID, contact schema.ContactID, crmID string) (bool, error)
}

// request is the body of a call about a person.
type request struct {
	Email     string `json:"email"`
	VisitorID string `json:"visitor_id"`
	Format    string `json:"format"`
	Reason    string `json:"reason"`
}

const maxRequest = 64 << 10 // bytes

// readRequest takes JSON only: an address belongs into no URL, and a form could be sent by a page of a stranger.
func readRequest(c echo.Context) (request, schema.Person, error) {
	var r request
	if kind, _, _ := strings.Cut(c.Request().Header.Get(echo.HeaderContentType), ";"); strings.TrimSpace(kind) != echo.MIMEApplicationJSON {
		return r, schema.Person{}, rejection.New(rejection.ContentType, `Send JSON as application/json, such as {"email": "ada@example.com"}.`)
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxRequest))
	if err != nil {
		return r, schema.Person{}, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return r, schema.Person{}, rejection.New(rejection.InvalidJSON, `The body is not an object with email or visitor_id, such as {"email": "ada@example.com"}: %v.`, err)
	}
	person, err := personOf(siteOf(c), r)
	return r, person, err
}

func personOf(site *siteOfKey, r request) (schema.Person, error) {
	person := schema.Person{Site: site.ID}
	if (r.Email == "") == (r.VisitorID == "") {
		return person, rejection.New(rejection.InvalidParameter, "Say who is meant: either email or visitor_id.")
	}
	var err error
	if r.Email != "" {
		person.Contact, err = contactOf(site, r.Email)
	} else {
		var id string
		id, err = schema.ParseUUID("visitor_id", r.VisitorID)
		person.Visitor = schema.VisitorID(id)
	}
	if err != nil {
		return person, rejection.New(rejection.InvalidParameter, "%v", err)
	}
	return person, nil
}

// peopleError tells a wrong request from a database that does not answer.
func peopleError(err error) error {
	if rejected, ok := errors.AsType[*rejection.Error](err); ok {
		return rejected
	}
	return rejection.Wrap(rejection.ReportUnavailable, err, "This cannot be done just now, because ClickHouse did not answer. Nothing was changed. Try again later.")
}

// errErased is what is wrong with a row about a contact who was erased.
var errErased = errors.New("email: this contact was erased on request; it can be imported again when the person has sent a form themself")

func (b *batch) checkErased(contact schema.ContactID, crmID string) error {
	if b.barred == nil {
		return nil
	}
	return b.barred(contact, crmID)
}

// barred returns the question whether a row brings back somebody who was erased.
func (a *API) barred(c echo.Context) func(schema.ContactID, string) error {
	if a.config.People == nil {
		return nil
	}
	return func(contact schema.ContactID, crmID string) error {
		if contact == "" && crmID == "" {
			return nil
		}
		barred, err := a.config.People.Barred(c.Request().Context(), siteOf(c).ID, contact, crmID)
		switch {
		case err != nil:
			return errors.New("email: this contact was erased, and ClickHouse does not tell now whether they came back: send the row again later")
		case barred:
			return errErased
		}
		return nil
	}
}
