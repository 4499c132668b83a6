package visitors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrResting is the answer within Cooldown of a failure.
var ErrResting = errors.New("redis failed a moment ago and is left alone")

// Every error of Redis is trouble that passes, or that a person can end: what was to be asked is skipped. advice says what
// the person can do, by what Redis answers.
var advice = []struct{ sign, text string }{
	{"syntax error", "SET … NX GET is not known to this server: Redis 7.0 or later is needed"},
	{"NOAUTH", "redis_url needs a user and password: redis://user:password@host"},
	{"WRONGPASS", "the user or password of redis_url is wrong"},
	{"NOPERM", "the user of redis_url may not do this: it needs +eval +set +get on all keys"},
	{"MOVED", "this server is part of a Cluster: add cluster=true to redis_url"},
	{"cluster support disabled", "this server is no Cluster: leave cluster=true out of redis_url"},
	{"sentinels specified in configuration are unreachable: redis: nil", "the Sentinels know no primary by the master_name of redis_url"},
	{"unknown command 'sentinel'", "this server is no Sentinel: leave master_name out of redis_url"},
	{"READONLY", "this server is a replica: name its primary in redis_url, or their Sentinels with master_name=…"},
	{"OOM", "its memory is full: raise maxmemory, or set maxmemory-policy to allkeys-lru"},
	{"x509:", "the certificate is not one for this host by a known CA: name the CA with ca_file=/path/ca.pem, the host with server_name=…"},
}

// explain adds what a person can do.
func (v *Visitors) explain(err error) error {
	_, isCluster := v.client.(*redis.ClusterClient)
	for _, known := range advice {
		if strings.Contains(err.Error(), known.sign) && !(isCluster && known.sign == "MOVED") { // there it passes by itself
			return fmt.Errorf("%w: %s", err, known.text)
		}
	}
	return err
}

// ticket admits a call: 0 where all is well, else what restUntil was set to for the one call that tries.
type ticket int64

// admit tells whether Redis may be asked. After a failure one caller may try once Cooldown has passed, and the others when
// that went well.
func (v *Visitors) admit() (ticket, error) {
	until := v.restUntil.Load()
	if until == 0 {
		return 0, nil
	}
	now := time.Now()
	if next := now.Add(Cooldown).UnixNano(); now.UnixNano() >= until && v.restUntil.CompareAndSwap(until, next) {
		return ticket(next), nil
	}
	return 0, ErrResting
}

// answered ends the rest for which the call was a try; an answer to one that was under way before says nothing.
func (v *Visitors) answered(admitted ticket) {
	if admitted != 0 {
		v.restUntil.CompareAndSwap(int64(admitted), 0)
	}
}

// gaveUp tells whether the caller waits no longer. Where the caller's deadline is that of the round trip, the connection may
// notice it a moment before the context does.
func gaveUp(caller context.Context) bool {
	deadline, ok := caller.Deadline()
	return caller.Err() != nil || ok && time.Until(deadline) < time.Millisecond
}

// failed leaves Redis alone for a while.
func (v *Visitors) failed() {
	v.restUntil.Store(time.Now().Add(Cooldown).UnixNano())
	v.stats.failures.Add(1)
	if cluster, ok := v.client.(*redis.ClusterClient); ok {
		// go-redis asks who serves what once a minute, and when a node says so; a dead node says nothing.
		cluster.ReloadState(context.Background())
	}
}
