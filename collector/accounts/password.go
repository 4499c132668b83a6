package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/headwater/headwater/collector/desk"
)

// What a password must be. There is no rule about kinds of characters: length is what counts (NIST SP 800-63B-4, ASVS 5.0 6.2).
const (
	MinPassword = 12  // characters
	MaxPassword = 256 // bytes
)

// cost is what one guess costs: the second recommended choice of RFC 9106, for where memory is scarce.
type cost struct {
	memory, time uint32 // KiB, passes
	lanes        uint8
}

var presentCost = cost{memory: 64 << 10, time: 3, lanes: 4}

const (
	saltBytes = 16
	hashBytes = 32
	// provers bounds the memory: each password that is looked at takes presentCost.memory.
	provers = 2
)

// proof makes and checks hashes, a few at a time.
type proof struct{ slots chan struct{} }

func newProof() proof { return proof{slots: make(chan struct{}, provers)} }

// derive waits for its turn.
func (p proof) derive(ctx context.Context, password string, salt []byte, c cost) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.slots }()
	hash := argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.time, c.memory, c.lanes, hashBytes)
	return hash, nil
}

// hash returns the password as it is kept: argon2id in the usual text form, which names its cost.
func (p proof) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails (crypto/rand)
	key, err := p.derive(ctx, password, salt, presentCost)
	if err != nil {
		return "", err
	}
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, presentCost.memory, presentCost.time, presentCost.lanes, encode(salt), encode(key)), nil
}

// check tells whether the password is the one that was kept. stale: it was kept at another cost than the present one.
func (p proof) check(ctx context.Context, kept, password string) (right, stale bool, err error) {
	c, salt, want, err := parseHash(kept)
	if err != nil {
		return false, false, err
	}
	got, err := p.derive(ctx, password, salt, c)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, c != presentCost, nil
}

func parseHash(kept string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errors.New("a password is kept in a form that this version does not know")
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.lanes); err != nil {
		return c, nil, nil, fmt.Errorf("a password's cost: %w", err)
	}
	if c.memory > 1<<20 || c.time == 0 || c.time > 100 || c.lanes == 0 {
		return c, nil, nil, errors.New("a password's cost is beyond all measure")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("a password's salt: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) != hashBytes {
		return c, nil, nil, errors.New("a password's hash is broken")
	}
	return c, salt, key, nil
}

// common are long passwords that everybody's list of guesses begins with.
//
//go:embed guessed_passwords.txt
var common string

// Weakness is what makes a password easy to guess.
type Weakness string

// The weaknesses.
const (
	TooShort    Weakness = "short"   // fewer than MinPassword characters
	TooLong     Weakness = "long"    // more than MaxPassword bytes
	TooUniform  Weakness = "uniform" // few different characters
	LikeAddress Weakness = "address"
	TooCommon   Weakness = "common"
)

// WeakPassword says what is wrong with a password that somebody chose.
type WeakPassword struct{ Weakness }

func (w *WeakPassword) Error() string { return "the password is easy to guess: " + string(w.Weakness) }

// CheckPassword returns a *WeakPassword for a password that is easy to guess. email is the address of its owner.
func CheckPassword(password, email string) error {
	squeezed := squeeze(password)
	local, _, _ := strings.Cut(email, "@")
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return &WeakPassword{TooShort}
	case len(password) > MaxPassword:
		return &WeakPassword{TooLong}
	case distinct(password) < 5:
		return &WeakPassword{TooUniform}
	case strings.EqualFold(password, email), len(local) >= 4 && len(squeezed)-len(squeeze(local)) < 6 && strings.Contains(squeezed, squeeze(local)):
		return &WeakPassword{LikeAddress}
	}
	for line := range strings.Lines(common) {
		if word := strings.TrimSpace(line); word != "" && (squeezed == word || strings.TrimRight(squeezed, "0123456789") == word || squeezed == word+word) {
			return &WeakPassword{TooCommon}
		}
	}
	return nil
}

func distinct(text string) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}

// squeeze leaves letters and digits, in lower case.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r >= 0x80:
			return r
		}
		return -1
	}, text)
}

// passwordBody is the entry of a password.
type passwordBody struct {
	Hash string `json:"hash"`
}

func passwordKey(id UserID) desk.Key { return desk.Key{Kind: KindPassword, ID: string(id)} }

// HasPassword tells whether a user has chosen a password.
func (a *Accounts) HasPassword(id UserID) bool {
	_, found := desk.CopiedOne[passwordBody](a.copy, passwordKey(id))
	return found
}

// ErrWrongPassword is the answer to a wrong address and to a wrong password: nobody learns which.
var ErrWrongPassword = errors.New("no account has this address with this password")

// nobody's password is checked where there is no such user, so that time tells nothing.
const nobody = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// SignIn returns the user with an address and a password, or ErrWrongPassword.
func (a *Accounts) SignIn(ctx context.Context, address, password string) (User, error) {
	user, found := a.ByEmail(address)
	entry, has := desk.CopiedOne[passwordBody](a.copy, passwordKey(user.ID))
	kept := nobody
	if found && has {
		kept = entry.Value.Hash
	}
	if len(password) > MaxPassword {
		password = ""
	}
	right, stale, err := a.proof.check(ctx, kept, password)
	switch {
	case err != nil:
		return User{}, fmt.Errorf("sign in: %w", err)
	case !right || !found || !has:
		return User{}, ErrWrongPassword
	}
	if stale {
		// The next sign-in tries again where this one could not keep it.
		_ = a.keepPassword(ctx, user.ID, password, entry.Version, "Password kept at the present cost")
	}
	return user, nil
}

// SetPassword gives a user a password, whatever it was before, and ends all sessions that were opened before. It returns a
// *WeakPassword where it is easy to guess.
func (a *Accounts) SetPassword(ctx context.Context, id UserID, password string) error {
	user, found := a.User(id)
	if !found {
		return ErrNoUser
	}
	if err := CheckPassword(password, user.Email); err != nil {
		return err
	}
	entry, err := desk.Read[passwordBody](ctx, a.desk, passwordKey(id))
	if err != nil {
		return err
	}
	if err := a.keepPassword(ctx, id, password, entry.Version, "Password chosen"); err != nil {
		return err
	}
	return a.SignOutEverywhere(ctx, id)
}

// keepPassword makes the password the user's, and takes earlier ones out for good.
func (a *Accounts) keepPassword(ctx context.Context, id UserID, password string, over uint64, summary string) error {
	hash, err := a.proof.hash(ctx, password)
	if err != nil {
		return err
	}
	err = a.desk.Write(ctx, string(id), desk.Draft{Key: passwordKey(id), Over: over, Value: passwordBody{hash}, Summary: summary})
	if err != nil {
		return err
	}
	if over > 0 {
		if err := a.desk.ForgetBefore(ctx, passwordKey(id), over+1); err != nil {
			return err
		}
	}

	return a.Refresh(ctx)
}
