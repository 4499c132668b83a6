//go:build linux || darwin

package engine

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headwater/headwater/tools/clickhouse/guard"
)

// wellFormed reads an XML file to its end.
func wellFormed(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(strings.NewReader(string(text)))
	for {
		_, err := decoder.Token()
		if err == io.EOF {
			return string(text)
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", path, err, text)
		}
	}
}

func TestConfigurationIsWrittenAnew(t *testing.T) {
	at := files{filepath.Join(t.TempDir(), "a & <b>")}
	for range 2 { // the second time over what an intruder left
		if err := at.write(Config{}.withDefaults()); err != nil {
			t.Fatal(err)
		}
		config, users := wellFormed(t, at.config()), wellFormed(t, at.users())
		if !strings.Contains(config, "<max_server_memory_usage>2147483648</max_server_memory_usage>") || !strings.Contains(config, "a &amp; &lt;b&gt;") {
			t.Errorf("config.xml:\n%s", config)
		}
		for _, setting := range frozenSettings {
			if !strings.Contains(users, "<"+setting+"><readonly/></"+setting+">") {
				t.Errorf("users.xml does not freeze %s", setting)
			}
		}
		for _, engine := range guard.AllowedEngines() {
			if !strings.Contains(users, "GRANT TABLE ENGINE ON "+engine+"<") {
				t.Errorf("users.xml does not grant the engine %s", engine)
			}
		}
		for _, forbidden := range []string{"GRANT ALL", "FILE", "URL", "REMOTE", "S3", "ACCESS MANAGEMENT", "CREATE FUNCTION", "NAMED COLLECTION,"} {
			if strings.Contains(users[strings.Index(users, "<grants>"):], forbidden) {
				t.Errorf("users.xml grants %s", forbidden)
			}
		}
		info, err := os.Stat(at.users())
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("users.xml: %v, %v", info.Mode(), err)
		}
		if err := os.WriteFile(at.users(), []byte("<clickhouse/>"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLockFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lockFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(path); err == nil || !strings.Contains(err.Error(), "-data") {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	unlock, err = lockFolder(path)
	if err != nil {
		t.Fatalf("after unlocking: %v", err)
	}
	unlock()
}
