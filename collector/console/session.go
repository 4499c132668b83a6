package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/schema"
)

const (
	// cookieName begins with __Host-: browsers take it only with Secure, Path=/ and no Domain, so that no other host of
	// the domain can plant one.
	cookieName = "__Host-hw_console"
	// sessionLife is how long a session lasts, whatever is done in it.
	sessionLife = 12 * time.Hour
	// sessionVersion is the first part of a session's text; another version is no session.
	sessionVersion = "1"
	// maxCookie is the longest cookie that is looked at: a site id and some 100 bytes.
	maxCookie = 1024
)

// siteKey is one API key of one site.
type siteKey struct {
	hash [sha256.Size]byte
	site *schema.Site
}

// id names the key in a session without giving its hash away.
func (k *siteKey) id() string {
	sum := sha256.Sum256(k.hash[:])
	return hex.EncodeToString(sum[:8])
}

func siteKeys(sites []schema.Site) ([]siteKey, error) {
	var keys []siteKey
	for i := range sites {
		for _, text := range sites[i].APIKeyHashes {
			hash, err := hex.DecodeString(strings.TrimSpace(text))
			if err != nil || len(hash) != sha256.Size {
				return nil, fmt.Errorf("site %s: api_key_hashes: %.80q is not a SHA-256 in hex: make key and hash with `headwater key`", sites[i].ID, text)
			}
			keys = append(keys, siteKey{hash: [sha256.Size]byte(hash), site: &sites[i]})
		}
	}
	return keys, nil
}

// keyOf returns the site key that the text is, nil where it is none. It looks at all keys, so that time tells nothing.
func (c *Console) keyOf(text string) *siteKey {
	hash := sha256.Sum256([]byte(text))
	var found *siteKey
	for i := range c.keys {
		if subtle.ConstantTimeCompare(hash[:], c.keys[i].hash[:]) == 1 {
			found = &c.keys[i]
		}
	}
	return found
}

// session is who looks: one site, by one of its keys, until a time. It lives in the cookie alone.
type session struct {
	site    *schema.Site
	keyID   string
	nonce   string // new at every sign-in
	expires time.Time
}

// newSession starts a session for the owner of key.
func (c *Console) newSession(key *siteKey) *session {
	nonce := make([]byte, 16)
	rand.Read(nonce) // never fails (crypto/rand)
	return &session{
		site: key.site, keyID: key.id(), nonce: base64.RawURLEncoding.EncodeToString(nonce),
		expires: c.config.Now().Add(sessionLife).UTC().Truncate(time.Second),
	}
}

// seal returns the session as the cookie's value: what it says, and an HMAC-SHA256 of that.
func (c *Console) seal(s *session) string {
	text := strings.Join([]string{sessionVersion, strconv.FormatInt(s.expires.Unix(), 10), s.keyID, s.nonce, string(s.site.ID)}, "|")
	payload := base64.RawURLEncoding.EncodeToString([]byte(text))
	return payload + "." + c.mark(payload)
}

// mark is what only this installation can write behind payload.
func (c *Console) mark(payload string) string {
	mac := hmac.New(sha256.New, c.sessionKey)
	mac.Write([]byte(payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

var errNoSession = errors.New("no session")

// open reads a cookie's value. It is a session only if this installation sealed it, it has not expired and was not
// signed out, and its site still has the key that it was opened with: removing a key ends its sessions.
func (c *Console) open(value string) (*session, error) {
	payload, mark, found := strings.Cut(value, ".")
	if !found || len(value) > maxCookie || !hmac.Equal([]byte(mark), []byte(c.mark(payload))) {
		return nil, errNoSession
	}
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return nil, errNoSession
	}
	parts := strings.SplitN(string(text), "|", 5) // the site's id is last: it may hold any character
	if len(parts) != 5 || parts[0] != sessionVersion {
		return nil, errNoSession
	}
	expires, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || !c.config.Now().Before(time.Unix(expires, 0)) || c.hasEnded(parts[3]) {
		return nil, errNoSession
	}
	for i := range c.keys {
		if key := &c.keys[i]; key.id() == parts[2] && string(key.site.ID) == parts[4] {
			return &session{site: key.site, keyID: parts[2], nonce: parts[3], expires: time.Unix(expires, 0)}, nil
		}
	}
	return nil, errNoSession
}

// sessionOf returns the request's session. Of several cookies of the name, which a browser never sends, none counts.
func (c *Console) sessionOf(r *http.Request) (*session, error) {
	cookies := r.CookiesNamed(cookieName)
	if len(cookies) != 1 {
		return nil, errNoSession
	}
	return c.open(cookies[0].Value)
}

func sessionCookie(value string, life time.Duration) *http.Cookie {
	cookie := &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: int(life / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if life <= 0 {
		cookie.MaxAge = -1
	}
	return cookie
}

// end makes the session's cookie worthless on this node, also where someone kept a copy of it.
func (c *Console) end(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.config.Now()
	for nonce, expires := range c.ended {
		if !now.Before(expires) {
			delete(c.ended, nonce)
		}
	}
	c.ended[s.nonce] = s.expires
}

func (c *Console) hasEnded(nonce string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ended := c.ended[nonce]
	return ended
}
