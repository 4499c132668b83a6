package visitors

import (
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
)

func wantClaim(t *testing.T, v *Visitors, nonce string, want bool) {
	t.Helper()
	first, err := v.ClaimLink(t.Context(), "a", nonce, 150*time.Second)
	if err != nil || first != want {
		t.Errorf("claim of %s: first %v (%v), want %v", nonce, first, err, want)
	}
}

// One link, however many nodes: one claim.
func TestLinkIsClaimedOnce(t *testing.T) {
	server := collectortest.StartRedis(t)
	one, other := open(t, server.URL()), open(t, server.URL())
	wantClaim(t, one, "00ff", true)
	wantClaim(t, one, "00ff", false)
	wantClaim(t, other, "00ff", false)
	wantClaim(t, other, "00fe", true)
	if first, err := other.ClaimLink(t.Context(), "b", "00ff", time.Minute); err != nil || !first {
		t.Errorf("another site's link: first %v (%v)", first, err)
	}
	if answer := server.Do("TTL l:{a}:00ff"); answer != ":150" && answer != ":149" {
		t.Errorf("TTL of the key is %q, want 150 s", answer)
	}
}

func TestLinkClaimsOfManyAtOnce(t *testing.T) {
	v := open(t, collectortest.Redis(t))
	claims := make(chan bool)
	for range 20 {
		go func() {
			first, err := v.ClaimLink(t.Context(), "a", "00ff", time.Minute)
			claims <- first && err == nil
		}()
	}
	firsts := 0
	for range 20 {
		if <-claims {
			firsts++
		}
	}
	if firsts != 1 {
		t.Errorf("%d claims were the first", firsts)
	}
}

func TestLinkClaimWithoutRedis(t *testing.T) {
	server := collectortest.StartRedis(t)
	v := open(t, server.URL())
	server.Kill()
	if _, err := v.ClaimLink(t.Context(), "a", "00ff", time.Minute); err == nil {
		t.Error("no error")
	}
	if _, _, err := v.FirstTouch(t.Context(), "a", "v"); err == nil {
		t.Error("a first touch without Redis")
	}
}
