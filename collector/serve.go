package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/console"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/erasure"
	"github.com/headwater/headwater/collector/forward"
	"github.com/headwater/headwater/collector/sites"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
)

// Limits of the shutdown: requests under way, then what waits in the spool. What is not forwarded stays on disk.
const (
	drainTimeout   = 10 * time.Second
	forwardTimeout = 10 * time.Second
)

type serveCommand struct {
	Migrate bool `help:"Bring the tables up to date first. While ClickHouse is not there, records are accepted and kept, and it is tried again." default:"true" negatable:""`
}

// Help is shown by headwater serve -h.
func (serveCommand) Help() string {
	return `Public endpoints (--listen):

  GET  /hw.js, /hw.<hash>.js   the snippet; /hw-adapters.js in the same way
  POST /t                      a touch, JSON
  POST /f/{form}               a submission: an HTML form or JSON
  POST /link, /link/redeem     a visitor who goes to another domain of the site
  GET  /healthz, /readyz       the process runs; it can accept
  /api/…                       the server API, see GET /api/
  /console/                    the web console; at its first start a link is printed that makes the first account

Private endpoints (--private-listen): /metrics, /healthz, /readyz, /debug/pprof/, and what headwater spool asks for.

A request is answered after its records are on disk. Neither ClickHouse nor Redis needs to be there for that.
SIGTERM or SIGINT ends it: no more requests, then up to 10 s of forwarding; the rest stays on disk.`
}

// Run is headwater serve.
func (s serveCommand) Run(i *invocation) error {
	l, err := i.load()
	if err != nil {
		return err
	}
	log, err := newLog(i.stderr, l.Config)
	if err != nil {
		return err
	}
	tuneRuntime()
	p, err := start(i.ctx, l.Config, s.Migrate, log)
	if err != nil {
		return err
	}
	return p.wait(i.ctx)
}

// program is the running collector.
type program struct {
	log       *slog.Logger
	registry  *prometheus.Registry // of /metrics
	latencies *latencies
	keeper    *keeper
	spool     *spool.Spool
	store     *store.Store
	visitors  *visitors.Visitors
	erasures  *erasure.Erasures
	desk      *desk.Desk
	sites     *sites.Sites
	accounts  *accounts.Accounts
	sessions  *accounts.Sessions
	forwarder *forward.Forwarder
	public    *http.Server
	pages     *console.Console // nil until its routes are there
	private   *http.Server

	publicAddr, privateAddr net.Addr

	running sync.WaitGroup
	// failed gets what ended a part that should have run on.
	failed chan error
	// stopForwarder ends the forwarder and, before it, the attempts to reach ClickHouse; migrated is closed between.
	stopForwarder context.CancelFunc
	migrated      chan struct{}
}

// Addr is where the public endpoints listen.
func (p *program) Addr() net.Addr { return p.publicAddr }

// PrivateAddr is where the private ones do.
func (p *program) PrivateAddr() net.Addr { return p.privateAddr }

// start brings up the collector: when it returns, both listeners answer. ctx bounds only the start.
func start(ctx context.Context, config Config, migrate bool, log *slog.Logger) (*program, error) {
	registry := newRegistry()
	p := &program{log: log, registry: registry, failed: make(chan error, 8), migrated: make(chan struct{})}
	p.latencies = newLatencies(registry)
	if err := p.open(ctx, config); err != nil {
		return nil, errors.Join(err, p.release(ctx))
	}
	registerSpool(registry, p.spool)
	registerRedis(registry, p.visitors)
	var err error
	if p.public, err = newPublicServer(config, p, registry, log); err != nil {
		return nil, errors.Join(err, p.release(ctx))
	}
	token := newOperatorToken()
	p.private = newPrivateServer(p, registry, token)
	if p.publicAddr, err = p.listen("public", p.public, config.Listen); err != nil {
		return nil, errors.Join(err, p.release(ctx))
	}
	if p.privateAddr, err = p.listen("private", p.private, config.PrivateListen); err != nil {
		return nil, errors.Join(err, p.public.Close(), p.release(ctx))
	}
	if err := p.spool.Announce(operatorAddress(p.privateAddr), token); err != nil {
		return nil, errors.Join(err, p.public.Close(), p.private.Close(), p.release(ctx))
	}
	p.forward(config, migrate)
	registerForwarder(registry, p.forwarder)
	registerErasures(registry, p.erasures)
	log.Info("headwater accepts", "public", "http://"+p.publicAddr.String(), "private", "http://"+p.privateAddr.String())
	return p, nil
}

// open opens what needs closing, without waiting for Redis or ClickHouse to be there.
func (p *program) open(ctx context.Context, config Config) error {
	var err error
	atSpool := spoolConfig(config, p.log)
	atSpool.Committed, atSpool.Forwarded = observe(p.latencies.commits), observe(p.latencies.lag)
	p.spool, err = spool.Open(atSpool)
	if err != nil {
		return fmt.Errorf("open the spool: %w", err)
	}
	p.keeper = &keeper{spool: p.spool}
	if p.visitors, err = visitors.Open(config.RedisURL); err != nil {
		return err
	}
	p.visitors.Observe(observe(p.latencies.redis))
	if p.store, err = store.Open(ctx, config.ClickHouseDSN); err != nil {
		return fmt.Errorf("clickhouse_dsn: %w", err)
	}
	p.desk = desk.New(p.store, wallClock)
	p.sites = sites.New(config.Sites, p.desk, p.log)
	p.accounts = accounts.New(p.desk, wallClock, p.log)
	p.sessions = accounts.NewSessions(p.visitors, wallClock, p.log)
	return p.openErasures(config)
}

// listen starts one server and returns its address.
func (p *program) listen(name string, server *http.Server, address string) (net.Addr, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for the %s endpoints: %w", name, err)
	}
	p.running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- fmt.Errorf("serve the %s endpoints: %w", name, err)
		}
	})
	return listener.Addr(), nil
}

// wait runs until ctx ends or a part fails, then shuts everything down.
func (p *program) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		p.log.Info("shutting down")
		return p.Close(context.WithoutCancel(ctx))
	case err := <-p.failed:
		return errors.Join(err, p.Close(context.WithoutCancel(ctx)))
	}
}

// Close shuts down: unready, requests under way, last commit, forwarding for a while. ctx may shorten it.
func (p *program) Close(ctx context.Context) error {
	p.keeper.leaving.Store(true)
	drain, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	var problems []error
	if p.pages != nil {
		p.pages.Close() // its streams have no end of their own
	}
	if err := p.public.Shutdown(drain); err != nil {
		problems = append(problems, fmt.Errorf("wait for requests under way: %w", err), p.public.Close())
	}
	rest, cancelRest := context.WithTimeout(ctx, forwardTimeout)
	defer cancelRest()
	problems = append(problems, p.stopForwarding(rest), p.private.Close())
	p.running.Wait()
	return errors.Join(append(problems, p.release(ctx))...)
}

// release closes what open opened.
func (p *program) release(ctx context.Context) error {
	var problems []error
	if p.visitors != nil {
		problems = append(problems, p.visitors.Close())
	}
	if p.store != nil {
		problems = append(problems, p.store.Close())
	}
	if p.spool != nil {
		problems = append(problems, p.spool.Close(ctx))
	}
	return errors.Join(problems...)
}
