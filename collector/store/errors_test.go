package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/collector/collectortest"
)

func TestClassify(t *testing.T) {
	exception := func(code int32) error { return &clickhouse.Exception{Code: code} }
	for _, c := range []struct {
		err  error
		want Class
	}{
		{exception(159), Retry}, {exception(202), Retry}, {exception(209), Retry}, {exception(210), Retry},
		{exception(241), Retry}, {exception(242), Retry}, {exception(252), Retry}, {exception(319), Retry}, {exception(999), Retry},
		{exception(16), Schema}, {exception(47), Schema}, {exception(60), Schema}, {exception(81), Schema},
		{exception(6), Data}, {exception(26), Data}, {exception(27), Data}, {exception(38), Data}, {exception(41), Data},
		{exception(53), Data}, {exception(69), Data}, {exception(70), Data}, {exception(72), Data}, {exception(117), Data}, {exception(131), Data},
		{exception(497), Unknown}, {exception(516), Unknown}, {exception(49), Unknown}, {exception(1001), Unknown},
		{&clickhouse.HTTPError{StatusCode: 500, Err: exception(60)}, Schema},
		{&clickhouse.HTTPError{StatusCode: 502, Err: errors.New("bad gateway")}, Retry},
		{&clickhouse.HTTPError{StatusCode: 429, Err: errors.New("slow down")}, Retry},
		{&clickhouse.HTTPError{StatusCode: 404, Err: errors.New("not found")}, Unknown},
		{&RowError{Row: 1, Err: errors.New("no UUID")}, Data},
		{&missingColumnError{"touches", "gclid"}, Schema},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, Retry},
		{&url.Error{Op: "Post", URL: "http://h", Err: io.EOF}, Retry},
		{io.ErrUnexpectedEOF, Retry}, {context.DeadlineExceeded, Retry}, {clickhouse.ErrAcquireConnTimeout, Retry},
		{errors.New("what is this"), Unknown},
	} {
		if got := Classify(fmt.Errorf("insert touches: %w", c.err)); got != c.want {
			t.Errorf("%T %v is %v, want %v", c.err, c.err, got, c.want)
		}
	}
}

// The codes mean on the server that is used what their names say here.
func TestCodesAreTheServers(t *testing.T) {
	s := open(t, collectortest.ClickHouse(t))
	for code, known := range codes {
		var name string
		if err := s.Conn().QueryRow(t.Context(), fmt.Sprintf("SELECT errorCodeToName(%d)", code)).Scan(&name); err != nil {
			t.Fatal(err)
		}
		if name != known.name {
			t.Errorf("code %d is %s on this server, %s here", code, name, known.name)
		}
	}
}
