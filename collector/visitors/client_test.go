package visitors

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

func TestCheckSaysWhatIsWrong(t *testing.T) {
	noCertificate := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noCertificate, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][2]string{
		{"", "it is not a URL such as redis://"},
		{"127.0.0.1:6379", "it is not a URL such as"},
		{"http://u:hunter2@h:6379", "rediss:// for TLS"},
		{"redis://u:hunter2@h:port/0", "it is not a URL"},
		{"redis://u:hunter2@h:70000/0", "70000 is no port"},
		{"redis:///0", "it is not a URL"},
		{"redis://u:hunter2@h:1/zero", "invalid database number"},
		{"redis://h:1?nonsense=1", "unexpected option: nonsense"},
		{"redis://h:1?pool_size=many", "pool_size"},
		{"redis://h:1?password=%hunter2", "write %25"},
		{"redis://h:1?read_timeout=5s", "read_timeout can't be set"},
		{"redis://a:7000?addr=b:7001", "say cluster=true"},
		{"redis://a:7000?cluster=perhaps", "cluster is true or false"},
		{"redis://a:7000?cluster=true&addr=b", "unable to parse addr"},
		{"redis://a:7000/3?cluster=true", "only database 0"},
		{"redis://a:7000?cluster=true&db=3", "only database 0"},
		{"redis://a:7000?cluster=true&master_name=main", "exclude each other"},
		{"redis://a:26379?master_name=", "`sentinel monitor`"},
		{"unix:///run/redis.sock?cluster=true", "a socket is one server"},
		{"redis://h:1?ca_file=/ca.pem", "begin the URL with rediss://"},
		{"rediss://h:1?ca_file=/nowhere/ca.pem", "ca_file: open /nowhere/ca.pem"},
		{"rediss://h:1?ca_file=" + noCertificate, "holds no certificate"},
		{"rediss://h:1?cert_file=/nowhere/c.pem&key_file=/nowhere/k.pem", "cert_file and key_file: "},
		{"rediss://h:1?skip_verify=perhaps", "skip_verify is true or false"},
	} {
		err := Check(wrong[0])
		if err == nil || !strings.Contains(err.Error(), wrong[1]) {
			t.Errorf("Check(%q): %v, want …%s…", wrong[0], err, wrong[1])
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Check(%q) repeats the password: %v", wrong[0], err)
		}
		if _, err := Open(wrong[0]); err == nil || !strings.HasPrefix(err.Error(), "redis_url: ") {
			t.Errorf("Open(%q): %v", wrong[0], err)
		}
	}
}

func TestCheckTakesEveryForm(t *testing.T) {
	for _, redisURL := range []string{
		"redis://127.0.0.1", "redis://u:p@h:6379/2?pool_size=4", "rediss://u:p@h:6380/0?skip_verify=true&server_name=cache", "unix:///run/redis.sock?db=1",
		"redis://a:26379?master_name=main&addr=b:26379&addr=c:26379&username=u&password=p", "rediss://u:p@a:26379/1?master_name=main",
		"redis://a:7000?cluster=true&addr=b:7001", "rediss://u:p@a:7000/0?cluster=true&skip_verify=true&key_prefix=x:", "redis://a:7000?cluster=false",
	} {
		if err := Check(redisURL); err != nil {
			t.Errorf("Check(%q): %v", redisURL, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("redis://u:p@h:6379/0?cluster=true&addr=b:1")
	f.Add("rediss://[::1]:1/?master_name=%6d&ca_file=x")
	f.Add("unix:?db=1")
	f.Fuzz(func(t *testing.T, redisURL string) { _ = Check(redisURL) })
}

// works holds that a Redis can be reached and asked by a URL.
func works(t *testing.T, redisURL string) {
	t.Helper()
	v := open(t, redisURL)
	wantDuplicates(t, v, []Seen{seen("a", schema.KindTouch, t.Name(), "seg:1")}, false)
	wantDuplicates(t, v, []Seen{seen("a", schema.KindTouch, t.Name(), "seg:2")}, true)
}

// refuses holds that a Redis can't be asked by a URL, and that the error says what to do.
func refuses(t *testing.T, redisURL, want string) {
	t.Helper()
	v := open(t, redisURL)
	_, err := v.Duplicates(t.Context(), []Seen{seen("a", schema.KindTouch, "1", "seg:1")})
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v, want …%s…", err, want)
	}
	if !v.Stats().Resting {
		t.Errorf("%v: Redis is not left alone", err)
	}
}

func TestPasswordsAndUsers(t *testing.T) {
	server := collectortest.StartRedis(t, "--requirepass", "hunter2",
		"--user", "writer", "on", ">hunter2", "~*", "+eval", "+set", "+get",
		"--user", "reader", "on", ">hunter2", "~*", "+get")
	at := strings.TrimPrefix(server.URL(), "redis://")
	refuses(t, "redis://"+at, "redis_url needs a user and password")
	refuses(t, "redis://:hunter3@"+at, "the user or password of redis_url is wrong")
	refuses(t, "redis://reader:hunter2@"+at, "it needs +eval +set +get")
	works(t, "redis://:hunter2@"+at)
	works(t, "redis://writer:hunter2@"+at+"?key_prefix=w:")
}

func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "redis.sock")
	collectortest.StartRedis(t, "--unixsocket", path)
	works(t, "unix://"+path)
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	writeCertificates(t, dir)
	port := freePort(t)
	collectortest.StartRedis(t, "--tls-port", port, "--tls-cert-file", dir+"/host.pem", "--tls-key-file", dir+"/host.key",
		"--tls-ca-cert-file", dir+"/ca.pem", "--tls-auth-clients", "yes")
	at, client := "rediss://127.0.0.1:"+port, "&cert_file="+dir+"/host.pem&key_file="+dir+"/host.key"
	works(t, at+"?ca_file="+dir+"/ca.pem"+client)
	works(t, at+"?key_prefix=x:&skip_verify=true"+client)
	refuses(t, at+"?"+client[1:], "name the CA with ca_file=")
	refuses(t, at+"?server_name=other.example&ca_file="+dir+"/ca.pem"+client, "server_name=")
	refuses(t, at+"?ca_file="+dir+"/ca.pem", "") // without a certificate of ours
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// writeCertificates makes a CA (ca.pem) and a certificate by it for 127.0.0.1 (host.pem, host.key).
func writeCertificates(t *testing.T, dir string) {
	t.Helper()
	template := func(serial int64) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprint("test ", serial)},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	}
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	write := func(name, kind string, der []byte, err error) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ca, caKey, host, hostKey := template(1), newKey(), template(2), newKey()
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	host.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	host.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	write("ca.pem", "CERTIFICATE", der, err)
	der, err = x509.CreateCertificate(rand.Reader, host, ca, &hostKey.PublicKey, caKey)
	write("host.pem", "CERTIFICATE", der, err)
	der, err = x509.MarshalECPrivateKey(hostKey)
	write("host.key", "EC PRIVATE KEY", der, err)
}
