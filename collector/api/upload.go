package api

import (
	"context"
	"fmt"
	"io"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// Upload takes a file of "spend" or "rates" for a site (see ReadFile) as POST /api/spend and /api/rates do: its good rows are kept. It is
// for the console, which knows the site from the session. A *rejection.Error says what is wrong with the whole file.
func (a *API) Upload(ctx context.Context, site schema.SiteID, kind string, from io.Reader) (File, error) {
	for _, known := range a.known.Load().sites {
		if known.ID != site {
			continue
		}
		file, err := ReadFile(kind, known.Site, known.resolver, a.config.Now(), "", from)
		switch {
		case err != nil:
			return File{}, err
		case file.Rows > MaxRows:
			return File{}, rejection.New(rejection.TooManyRows, "There are more than %d rows: split them over several files. Nothing was kept.", MaxRows)
		case file.Rows == 0:
			return file, nil
		}
		if err := a.keep(ctx, file.Records); err != nil {
			return File{}, err
		}
		a.accepted.WithLabelValues(string(site), kind, "accepted").Add(float64(file.Rows))
		a.accepted.WithLabelValues(string(site), kind, "rejected").Add(float64(len(file.Faults)))
		return file, nil
	}
	return File{}, fmt.Errorf("upload %s: there is no site %q", kind, site)
}
