package intake

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// LinkValidity is how long a link can be redeemed, by the collector's clock: enough for a click and a slow page.
const LinkValidity = 2 * time.Minute

// A link is base64url, without padding, of: version (1 byte), expiry in Unix milliseconds (8, big endian), nonce (16),
// mark of the site (8), visitor id (16), and the first half of HMAC-SHA256 over all of that (16).
const (
	linkVersion  = 1
	nonceSize    = 16
	siteMarkSize = 8
	linkMACSize  = 16
	linkSize     = 1 + 8 + nonceSize + siteMarkSize + 16 + linkMACSize
)

var linkEncoding = base64.RawURLEncoding.Strict()

// link says that a visitor of a site, who is about to come to another domain of it, may be known there.
type link struct {
	expiry  time.Time // milliseconds
	nonce   [nonceSize]byte
	site    [siteMarkSize]byte
	visitor uuid.UUID
}

// linkKey derives the key of links from the installation's secret, so that a link is nothing but a link.
func linkKey(secret []byte) []byte { return derivedKey(secret, "hw link v1") }

func newLink(site schema.SiteID, visitor uuid.UUID, now time.Time) link {
	l := link{expiry: now.Add(LinkValidity), site: siteMark(site), visitor: visitor}
	rand.Read(l.nonce[:]) // never fails (crypto/rand)
	return l
}

// siteMark stands for a site in a link.
func siteMark(site schema.SiteID) (mark [siteMarkSize]byte) {
	sum := sha256.Sum256([]byte(site))
	copy(mark[:], sum[:])
	return mark
}

func (l *link) encode(key []byte) string {
	data := make([]byte, 0, linkSize)
	data = append(data, linkVersion)
	data = binary.BigEndian.AppendUint64(data, uint64(l.expiry.UnixMilli()))
	data = append(data, l.nonce[:]...)
	data = append(data, l.site[:]...)
	data = append(data, l.visitor[:]...)
	return linkEncoding.EncodeToString(append(data, linkMAC(key, data)...))
}

func linkMAC(key, data []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	return mac.Sum(nil)[:linkMACSize]
}

// decodeLink reads a link that encode made under the same key; a single other character is an InvalidLink.
func decodeLink(key []byte, text string) (link, error) {
	var l link
	if len(text) != linkEncoding.EncodedLen(linkSize) {
		return l, invalidLink()
	}
	data, err := linkEncoding.DecodeString(text)
	if err != nil || len(data) != linkSize {
		return l, invalidLink()
	}
	body, mac := data[:linkSize-linkMACSize], data[linkSize-linkMACSize:]
	if !hmac.Equal(mac, linkMAC(key, body)) || body[0] != linkVersion {
		return l, invalidLink()
	}
	body = body[1:]
	l.expiry = time.UnixMilli(int64(binary.BigEndian.Uint64(body))).UTC()
	body = body[8:]
	body = body[copy(l.nonce[:], body):]
	body = body[copy(l.site[:], body):]
	copy(l.visitor[:], body)
	return l, nil
}

func invalidLink() error {
	return rejection.New(rejection.InvalidLink, "This link was not made here, or was changed on the way: ask POST /link for a new one, and send it as it is.")
}

// check refuses a link that is too old, or another site's.
func (l *link) check(site schema.SiteID, now time.Time) error {
	if l.site != siteMark(site) {
		return rejection.New(rejection.LinkOtherSite, "This link is for another site: redeem it with the site_id that it was made with.")
	}
	if now.After(l.expiry) {
		return rejection.New(rejection.LinkExpired, "This link is older than %d minutes: ask POST /link for a new one, at the time of the click.", int(LinkValidity.Minutes()))
	}
	return nil
}
