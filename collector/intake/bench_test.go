package intake

import (
	"bytes"
	"context"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/intake/corpus"
)

// instantKeeper leaves the disk out, so that the benchmark measures intake alone.
type instantKeeper struct{}

func (instantKeeper) Append(context.Context, ...[]byte) error { return nil }

func benchmarkPayload(b *testing.B, name string) {
	in, err := New(Config{Sites: corpus.Sites(b, payloadDir), Secret: []byte(corpus.Secret), Keeper: instantKeeper{}})
	if err != nil {
		b.Fatal(err)
	}
	e := echo.New()
	in.Register(e)
	for _, payload := range corpus.Read(b, filepath.Join(payloadDir, "accepted")) {
		if payload.Name != name {
			continue
		}
		b.SetBytes(int64(len(payload.Body)))
		b.ReportAllocs()
		for b.Loop() {
			request := httptest.NewRequest(payload.Method, payload.Target, bytes.NewReader(payload.Body))
			request.Header = payload.Header
			answer := httptest.NewRecorder()
			e.ServeHTTP(answer, request)
			if answer.Code != payload.Want.Status {
				b.Fatal(answer.Code, answer.Body)
			}
		}
		return
	}
	b.Fatalf("there is no payload %s", name)
}

func BenchmarkTouch(b *testing.B)      { benchmarkPayload(b, "touch-linkedin-ad") }
func BenchmarkForm(b *testing.B)       { benchmarkPayload(b, "form-hidden-fields") }
func BenchmarkSubmission(b *testing.B) { benchmarkPayload(b, "submission-json") }
