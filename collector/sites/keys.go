package sites

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/schema"
)

// Key is an API key that was made in the console. The key itself is nowhere: whoever made it saw it once.
type Key struct {
	Name string `json:"name"`
	Hash string `json:"hash"` // SHA-256 in hex
	End  string `json:"end"`  // its last characters, to tell it by
}

// KeyView is a key as a list shows it.
type KeyView struct {
	ID, Name, End string
	By            string // the user who made it
	At            time.Time
	Version       uint64
}

const (
	keyPrefix = "hwk_" // as in package api: scanners for leaked secrets recognise it
	maxName   = 64     // bytes
	// MaxKeys bounds the keys of a site.
	MaxKeys = 50
)

// Keys lists the keys of a site that were made in the console, by name.
func (s *Sites) Keys(site schema.SiteID) []KeyView {
	var list []KeyView
	for _, key := range sorted(desk.Copied[Key](s.copy, site, KindKey)) {
		list = append(list, KeyView{ID: key.ID, Name: key.Value.Name, End: key.Value.End, By: key.ChangedBy, At: key.ChangedAt, Version: key.Version})
	}
	return list
}

// NewKey makes a key of a site. It is returned this once: only its hash is kept.
func (s *Sites) NewKey(ctx context.Context, by string, site schema.SiteID, name string) (key string, err error) {
	if len(s.Keys(site)) >= MaxKeys {
		return "", &Problem{"too_many", "keys"}
	}
	random := make([]byte, 32)
	rand.Read(random) // never fails (crypto/rand)
	key = keyPrefix + base64.RawURLEncoding.EncodeToString(random)
	sum := sha256.Sum256([]byte(key))
	hash := hex.EncodeToString(sum[:])
	name = schema.CutText(strings.Join(strings.Fields(name), " "), maxName)
	if name == "" {
		name = key[len(key)-4:]
	}
	draft := desk.Draft{Key: desk.Key{Site: site, Kind: KindKey, ID: hash[:16]}, Value: Key{Name: name, Hash: hash, End: key[len(key)-4:]}, Summary: "API key made: " + name}
	if err := s.desk.Write(ctx, by, draft); err != nil {
		return "", err
	}
	return key, s.Refresh(ctx)
}

// RevokeKey ends a key of a site, over the version that was seen: on this node at once, on others within desk.Every.
func (s *Sites) RevokeKey(ctx context.Context, by string, site schema.SiteID, id string, over uint64) error {
	key := desk.Key{Site: site, Kind: KindKey, ID: id}
	known, _ := desk.CopiedOne[Key](s.copy, key)
	if err := s.desk.Write(ctx, by, desk.Draft{Key: key, Over: over, Remove: true, Summary: "API key revoked: " + known.Value.Name}); err != nil {
		return err
	}
	return s.Refresh(ctx)
}
