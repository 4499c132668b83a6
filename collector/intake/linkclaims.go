package intake

import (
	"context"
	"encoding/hex"
	"sync"
	"time"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// Links is what all nodes of a collector know of redeemed links and of visitors.
type Links interface {
	// ClaimLink tells whether this is the first claim of a link within ttl. On an error nobody knows.
	ClaimLink(ctx context.Context, site schema.SiteID, nonce string, ttl time.Duration) (bool, error)
	// FirstTouch returns a visitor's first touch, false where none is known.
	FirstTouch(ctx context.Context, site schema.SiteID, visitor schema.VisitorID) (schema.Touch, bool, error)
}

const (
	// claimMargin is how far the clocks of two nodes may be apart.
	claimMargin = time.Minute
	// maxClaims bounds one generation of claimed links: 1,600 a second for three minutes would fill it.
	maxClaims = 300_000
)

// claimedLinks are the links that were redeemed here. Links knows of those redeemed elsewhere too, but may be down or
// forget; then one link can be redeemed once on each node, which at worst joins one more browser to its own visitor.
//
// Two generations spare looking for what has expired: a claim is kept for one lifetime at least and two at most.
type claimedLinks struct {
	mu              sync.Mutex
	began           time.Time
	present, former map[[nonceSize]byte]struct{}
}

// claim tells whether this is the first claim. It refuses rather than forget a claim too early.
func (c *claimedLinks) claim(nonce [nonceSize]byte, now time.Time) (first bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.began); c.present == nil || age > LinkValidity+claimMargin {
		c.former, c.present, c.began = c.present, map[[nonceSize]byte]struct{}{}, now
	}
	_, isPresent := c.present[nonce]
	_, isFormer := c.former[nonce]
	if isPresent || isFormer {
		return false, nil
	}
	if len(c.present) >= maxClaims {
		return false, rejection.New(rejection.NotReady, "Too many links were redeemed within a few minutes. Go on without.")
	}
	c.present[nonce] = struct{}{}
	return true, nil
}

// claimLink uses the link up. shared is false where Links could not be asked.
func (in *Intake) claimLink(ctx context.Context, site schema.SiteID, l *link, now time.Time) (shared bool, err error) {
	first, err := in.links.claimed.claim(l.nonce, now)
	if err != nil {
		return false, err
	}
	if first && in.config.Links != nil {
		ttl := l.expiry.Sub(now) + claimMargin
		if elsewhere, err := in.config.Links.ClaimLink(ctx, site, hex.EncodeToString(l.nonce[:]), ttl); err == nil {
			first, shared = elsewhere, true
		} else {
			in.links.unshared.Inc()
		}
	}
	if !first {
		return shared, rejection.New(rejection.LinkUsed, "This link was used before: each is good for one page. Ask POST /link for a new one.")
	}
	return shared, nil
}
