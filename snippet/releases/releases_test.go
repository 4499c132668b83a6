package releases

import (
	"slices"
	"strings"
	"testing"
)

// What pages pin is what they get: every file that was released is here as it was, and nothing else is.
func TestReleasesAreAsTheyWere(t *testing.T) {
	list, err := All()
	if err != nil {
		t.Fatal(err)
	}
	names, seen := []string{IndexFile}, map[string]bool{}
	for _, r := range list {
		if key := r.Version + " " + r.File; seen[key] {
			t.Errorf("%s is in the index twice", key)
		} else {
			seen[key] = true
		}
		names = append(names, r.Pinned())
		content, err := Content(r)
		if err != nil {
			t.Error(err)
			continue
		}
		if Hash(content) != r.Hash || Integrity(content) != r.Integrity || len(content) != r.Raw {
			t.Errorf("%s of %s is not what was released: restore it from the repository's history", r.Pinned(), r.Version)
		}
	}
	entries, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !slices.Contains(names, entry.Name()) {
			t.Errorf("%s is in no line of the index", entry.Name())
		}
	}
	if first := list[0]; first.Version != "0.1.0" || first.Pinned() != "hw.2b98d76e691c6706.js" {
		t.Errorf("the first release is %+v", first)
	}
}

// The immutable name and the integrity value are what `sha256sum` and `openssl` give for the same bytes.
func TestHashAndIntegrity(t *testing.T) {
	if got, want := Hash([]byte("hello\n")), "5891b5b522d5df08"; got != want {
		t.Errorf("hash = %s, want %s", got, want)
	}
	if got, want := Integrity([]byte("alert('Hello, world.');")),
		"sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"; got != want {
		t.Errorf("integrity = %s, want %s (the example of the SRI standard)", got, want)
	}
	if got := Pinned("hw-adapters.js", "5891b5b522d5df08"); got != "hw-adapters.5891b5b522d5df08.js" {
		t.Errorf("the pinned name is %s", got)
	}
}

func TestIndexSaysWhatIsWrong(t *testing.T) {
	const head = "version,file,hash,integrity,raw,gzip,brotli\n"
	for index, want := range map[string]string{
		"":                                 "first line",
		"version,file\n":                   "first line",
		head + "1.0.0,hw.js,a,b,1,2,x\n":   `line 2: brotli is "x"`,
		head + "1.0.0,hw.js,a,b,1,2\n":     "wrong number of fields",
		head + "1.0.0,hw.js,a,b,,2,3\n":    `line 2: raw is ""`,
		head + "1.0.0,hw.js,\"a,b,1,2,3\n": "index.csv",
	} {
		if _, err := ParseIndex([]byte(index)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", index, err)
		}
	}
}

func FuzzParseIndex(f *testing.F) {
	index, err := files.ReadFile(IndexFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(index)
	f.Fuzz(func(t *testing.T, index []byte) {
		list, err := ParseIndex(index)
		if err != nil {
			return
		}
		again, err := FormatIndex(list)
		if err != nil {
			t.Fatal(err)
		}
		same, err := ParseIndex(again)
		if err != nil || !slices.Equal(same, list) {
			t.Fatalf("%+v becomes %+v (%v)", list, same, err)
		}
	})
}
