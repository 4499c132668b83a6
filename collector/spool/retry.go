package spool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// LetterSelection says which dead letters something is done with: those that every given member fits.
type LetterSelection struct {
	// IDs are segment:sequence:table, segment:sequence or segment.
	IDs    []string `json:"ids,omitempty"`
	Table  string   `json:"table,omitempty"`
	Code   int32    `json:"code,omitempty"`
	Reason string   `json:"reason,omitempty"` // a part of the text, in any case
	All    bool     `json:"all,omitempty"`
}

// Takes tells whether the selection takes l. One that says nothing takes nothing.
func (s *LetterSelection) Takes(l *Letter) bool {
	if !s.All && len(s.IDs) == 0 && s.Table == "" && s.Code == 0 && s.Reason == "" {
		return false
	}
	id := l.ID()
	named := func(name string) bool { return name == id || strings.HasPrefix(id, name+":") }
	return (len(s.IDs) == 0 || slices.ContainsFunc(s.IDs, named)) &&
		(s.Table == "" || s.Table == l.Table) && (s.Code == 0 || s.Code == l.Code) &&
		strings.Contains(strings.ToLower(l.Reason), strings.ToLower(s.Reason))
}

// returnBatch bounds the records that Retry appends at once, in bytes.
const returnBatch = 4 << 20

// Retry puts the records of dead letters back into the spool and then takes the letters away. A record comes back under the
// identity that it had, so it is stored once whatever happens in between: after a crash its letter may still be there, and
// trying it again merges with the first time. It returns how many letters it took away.
func (s *Spool) Retry(ctx context.Context, which LetterSelection) (int, error) {
	s.lettersMu.Lock()
	defer s.lettersMu.Unlock()
	total := 0
	err := s.eachBox(func(path string, data []byte) error {
		for {
			taken, err := s.returnSome(ctx, data, &which)
			if err != nil {
				return fmt.Errorf("try dead letters again: %w", err)
			}
			if len(taken) == 0 {
				return nil
			}
			var count int
			data, count, err = s.rewriteBox(path, data, func(l *Letter) bool { return !taken[l.identity()] })
			total += count
			if err != nil {
				return fmt.Errorf("the records are in the spool again, but their letters can't be removed: %w", err)
			}
		}
	})
	return total, err
}

// returnSome appends the records of the first selected letters in data, and returns which.
func (s *Spool) returnSome(ctx context.Context, data []byte, which *LetterSelection) (map[Identity]bool, error) {
	taken := map[Identity]bool{}
	var payloads [][]byte
	var identities []Identity
	size := 0
	for line := range bytes.Lines(data) {
		l, ok := parseLetter(line)
		if !ok || taken[l.identity()] || !which.Takes(l) {
			continue
		}
		if size > 0 && size+len(l.Bytes()) > returnBatch {
			break
		}
		size += len(l.Bytes())
		taken[l.identity()] = true
		payloads, identities = append(payloads, l.Bytes()), append(identities, l.identity())
	}
	if len(payloads) == 0 {
		return nil, nil
	}
	return taken, s.append(ctx, payloads, identities)
}

// Drop takes dead letters away for good, and returns how many.
func (s *Spool) Drop(_ context.Context, which LetterSelection) (int, error) {
	return s.RewriteLetters(func(l *Letter) bool { return !which.Takes(l) })
}

// RewriteLetters removes the letters that keep refuses, durably, and returns how many.
func (s *Spool) RewriteLetters(keep func(*Letter) bool) (int, error) {
	s.lettersMu.Lock()
	defer s.lettersMu.Unlock()
	total := 0
	err := s.eachBox(func(path string, data []byte) error {
		_, count, err := s.rewriteBox(path, data, keep)
		total += count
		return err
	})
	if err != nil {
		return total, fmt.Errorf("remove dead letters: %w", err)
	}
	return total, nil
}

func (s *Spool) eachBox(do func(path string, data []byte) error) error {
	s.box = letterBox{}
	infos, err := s.on.ReadDir(s.path(deadLettersFolder))
	if err != nil {
		return err
	}
	for _, info := range infos {
		if !strings.HasSuffix(info.Name(), lettersSuffix) {
			continue
		}
		path := s.path(deadLettersFolder, info.Name())
		data, err := s.on.ReadFile(path)
		if err == nil {
			err = do(path, data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rewriteBox leaves the letters that keep takes, and what is no letter; it returns the file's new bytes and how many letters are gone.
func (s *Spool) rewriteBox(path string, data []byte, keep func(*Letter) bool) ([]byte, int, error) {
	var rest []byte
	gone := 0
	for line := range bytes.Lines(data) {
		if l, ok := parseLetter(line); ok && !keep(l) {
			gone++
			continue
		}
		rest = append(rest, line...)
	}
	if gone == 0 {
		return data, 0, nil
	}
	var err error
	if len(rest) > 0 {
		err = writeDurably(s.on, path, rest)
	} else if err = s.on.Remove(path); err == nil || os.IsNotExist(err) {
		err = s.on.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return data, 0, err
	}
	s.stats.letters.Add(int64(-gone))
	return rest, gone, nil
}
