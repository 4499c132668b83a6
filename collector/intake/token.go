package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// A token says when a form was shown, for one form of one site. It is base64url, without padding, of: version (1 byte), the time in
// Unix milliseconds (8, big endian), and the first half of HMAC-SHA256 over both, site and form (16).
const (
	tokenVersion = 1
	tokenMACSize = 16
	tokenSize    = 1 + 8 + tokenMACSize
	// tokenMargin is how far the clocks of two nodes may be apart.
	tokenMargin = time.Minute
	tokenHidden = "hw_token"
)

var tokenEncoding = base64.RawURLEncoding.Strict()

func tokenKey(secret []byte) []byte { return derivedKey(secret, "hw form token v1") }

func newToken(key []byte, site schema.SiteID, form schema.FormID, now time.Time) string {
	data := make([]byte, 0, tokenSize)
	data = append(data, tokenVersion)
	data = binary.BigEndian.AppendUint64(data, uint64(now.UnixMilli()))
	return tokenEncoding.EncodeToString(append(data, tokenMAC(key, data, site, form)...))
}

func tokenMAC(key, data []byte, site schema.SiteID, form schema.FormID) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	for _, text := range []string{string(site), string(form)} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text)))) // "ab","c" is not "a","bc"
		mac.Write([]byte(text))
	}
	return mac.Sum(nil)[:tokenMACSize]
}

// tokenTime returns when a token was made, false for one that newToken did not make for this form under this key.
func tokenTime(key []byte, text string, site schema.SiteID, form schema.FormID) (time.Time, bool) {
	if len(text) != tokenEncoding.EncodedLen(tokenSize) {
		return time.Time{}, false
	}
	data, err := tokenEncoding.DecodeString(text)
	if err != nil {
		return time.Time{}, false
	}
	signed, mac := data[:tokenSize-tokenMACSize], data[tokenSize-tokenMACSize:]
	if !hmac.Equal(mac, tokenMAC(key, signed, site, form)) || signed[0] != tokenVersion {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(signed[1:]))).UTC(), true
}

// getToken is GET /f/{form}/token: what a form's hidden field hw_token holds.
func (in *Intake) getToken(c echo.Context) error {
	a := in.arrive(c)
	defer a.leave()
	for _, step := range []func(*arrival) error{(*arrival).limitTouch, (*arrival).findSite, (*arrival).findForm} {
		if err := step(a); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, map[string]string{"token": newToken(in.tokenKey, a.site.ID, a.form.ID, a.receivedAt)})
}

// checkToken looks at the form's token, where the config asks for one. What is wrong with it is mostly a program's doing, but
// may be a blocked script or a page that was open for days: so it is a reason to doubt, or, where the config requires a
// token, to ask for the form once more, which whoever sees the answer can do.
func (a *arrival) checkToken() error {
	if a.form.Token != schema.TokenWatch && a.form.Token != schema.TokenRequire {
		return nil
	}
	suspicion := a.weighToken()
	if suspicion == "" {
		return nil
	}
	if a.form.Token == schema.TokenRequire {
		return a.askAgain()
	}
	a.doubt(suspicion)
	return nil
}

func (a *arrival) weighToken() schema.Suspicion {
	made, ok := tokenTime(a.in.tokenKey, a.raw.token, a.site.ID, a.form.ID)
	age := a.receivedAt.Sub(made)
	switch {
	case !ok || age < -tokenMargin || age > a.form.TokenMaxAge():
		return schema.SuspectNoToken
	case age < a.form.TokenMinAge():
		return schema.SuspectTooFast
	}
	return ""
}

// askAgain turns a form away with a new token: a person gets a page that sends the same form again at the press of a button, a
// program the token to send with it.
func (a *arrival) askAgain() error {
	token := newToken(a.in.tokenKey, a.site.ID, a.form.ID, a.receivedAt)
	rejected := rejection.New(rejection.FormToken, "We could not tell that a person sent this form, so it has not been taken yet. Please press the button to send it again.")
	rejected.Details = map[string]string{"token": token}
	if !a.raw.form || a.media.plain {
		rejected.Message = "The form needs a token (hidden field hw_token, member token) that is neither too new nor too old: wait a few seconds, then send it again with the one in details."
		return rejected
	}
	list, err := a.formPairs()
	if err != nil {
		return err
	}
	rejected.Again = []rejection.Field{{Name: tokenHidden, Value: token}}
	for _, f := range list {
		if f.name != tokenHidden && !secretName(f.name) {
			rejected.Again = append(rejected.Again, rejection.Field{Name: f.name, Value: f.value})
		}
	}
	// The page that this is sent from now is ours: what the form's own page told has to travel along.
	page := a.ownReferer()
	sent := func(name string) bool {
		return slices.ContainsFunc(list, func(f pair) bool { return f.name == name })
	}
	if page != "" && !sent("hw_page") {
		rejected.Again = append(rejected.Again, rejection.Field{Name: "hw_page", Value: page})
	}
	if page != "" && a.raw.latest.empty() {
		rejected.Again = append(rejected.Again, rejection.Field{Name: hiddenLatestTouch + "landing_page", Value: page})
	}
	return rejected
}
