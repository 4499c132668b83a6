package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// keyPrefix lets scanners for leaked secrets recognise a key.
const keyPrefix = "hwk_"

// NewKey makes an API key of 256 random bits and the hash of it that goes into the config file.
func NewKey() (key, hash string) {
	random := make([]byte, 32)
	rand.Read(random) // never fails (crypto/rand)
	key = keyPrefix + base64.RawURLEncoding.EncodeToString(random)
	return key, HashKey(key)
}

// HashKey returns what the config file holds instead of the key. The key is random and long, so that a plain SHA-256
// gives nothing away.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// siteKey is one key of one site.
type siteKey struct {
	hash [sha256.Size]byte
	site *siteOfKey
}

// siteOfKey is a site with the key of its contact ids.
type siteOfKey struct {
	*schema.Site
	contactKey []byte
	resolver   *schema.Resolver // names the sources of spend
}

// knownSites are the sites as they are now, and their keys.
type knownSites struct {
	keys  []siteKey
	sites []*siteOfKey
}

func sitesByKey(config Config) (*knownSites, error) {
	known := &knownSites{}
	sites := config.Sites
	for i := range sites {
		resolver, err := schema.NewResolverWith(&sites[i], config.Sources)
		if err != nil {
			return nil, err
		}
		site := &siteOfKey{Site: &sites[i], contactKey: sites[i].ContactKey(config.Secret), resolver: resolver}
		known.sites = append(known.sites, site)
		for _, text := range sites[i].APIKeyHashes {
			hash, err := hex.DecodeString(strings.TrimSpace(text))
			if err != nil || len(hash) != sha256.Size {
				return nil, fmt.Errorf("site %s: api_key_hashes: one is not a SHA-256 in hex: put the hash there that `headwater key` prints, never the key", sites[i].ID)
			}
			known.keys = append(known.keys, siteKey{hash: [sha256.Size]byte(hash), site: site})
		}
	}
	return known, nil
}

const siteInContext = "headwater.site"

// authorise lets a request pass that carries a key, and remembers the key's site: the only place where it comes from.
func (a *API) authorise(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set(echo.HeaderCacheControl, "no-store")
		header.Set(echo.HeaderXContentTypeOptions, "nosniff")
		site, err := a.siteOf(c.Request().Header.Get(echo.HeaderAuthorization))
		if err != nil {
			header.Set(echo.HeaderWWWAuthenticate, `Bearer realm="headwater"`)
			return err
		}
		if asked := c.QueryParam("site"); asked != "" && asked != string(site.ID) {
			return rejection.New(rejection.OtherSite, "This key is for another site. Leave ?site= out: the key says which site is meant.")
		}
		c.Set(siteInContext, site)
		return next(c)
	}
}

func (a *API) siteOf(authorization string) (*siteOfKey, error) {
	scheme, key, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	key = strings.TrimSpace(key)
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		return nil, rejection.New(rejection.MissingKey, "Send the header Authorization: Bearer <key>. `headwater key` makes a key; its hash goes into the site's api_key_hashes.")
	}
	hash := sha256.Sum256([]byte(key))
	var found *siteOfKey
	keys := a.known.Load().keys
	for i := range keys { // all of them, so that time tells nothing
		if subtle.ConstantTimeCompare(hash[:], keys[i].hash[:]) == 1 {
			found = keys[i].site
		}
	}
	if found == nil {
		return nil, rejection.New(rejection.WrongKey, "This key is not one of any site's. Check it, or make one with `headwater key`.")
	}
	return found, nil
}

func siteOf(c echo.Context) *siteOfKey { return c.Get(siteInContext).(*siteOfKey) }
