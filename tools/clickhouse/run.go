//go:build linux || darwin

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
	"github.com/headwater/headwater/tools/clickhouse/engine"
	"github.com/headwater/headwater/tools/clickhouse/httpapi"
	"github.com/headwater/headwater/tools/clickhouse/library"
)

// run serves until the context ends, then drains. It can be called once per process, since the engine can't
// be started twice.
func run(ctx context.Context, o options, stdin io.Reader, stdout, stderr io.Writer) error {
	if o.exitWithStdin { // from the first moment on: a download may take a while
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			io.Copy(io.Discard, stdin)
			cancel()
		}()
	}
	path, err := findLibrary(ctx, o, stderr)
	if err != nil {
		return err
	}
	if o.fetch {
		_, err := fmt.Fprintln(stdout, path)
		return err
	}
	if o.ephemeral {
		if o.data, err = ephemeralFolder(); err != nil {
			return fmt.Errorf("make a temporary data folder: %w", err)
		}
		defer removeFolder(o.data)
	}
	if err := enterSandbox(o, path, stderr); err != nil {
		return err
	}
	// Listen first: a taken port is found before anything is written to the data folder.
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen on %s (choose another address with -listen): %w", o.listen, err)
	}
	defer listener.Close()
	if err := chdb.Load(path); err != nil {
		return err
	}
	running, err := engine.Open(engine.Config{Dir: o.data, MemoryBytes: o.memory, MaxStatements: o.maxStatements})
	if err != nil {
		return err
	}
	level := slog.LevelWarn
	if o.logQueries {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	statements, cancelStatements := context.WithCancel(context.Background())
	defer cancelStatements()
	server := &http.Server{
		Handler:           &httpapi.Handler{Engine: running, User: o.user, Password: o.password, Log: log},
		BaseContext:       func(net.Listener) context.Context { return statements },
		ReadHeaderTimeout: 30 * time.Second,
		MaxHeaderBytes:    1 << 20, // statements and parameters travel in the URL
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if _, err := fmt.Fprintf(stdout, "ready http://%s\n", listener.Addr()); err != nil {
		return fmt.Errorf("announce readiness: %w", err)
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	return drain(server, running, o.drain, cancelStatements)
}

func findLibrary(ctx context.Context, o options, stderr io.Writer) (string, error) {
	if found := os.Getenv(confinedVariable); found != "" { // the cache can't be looked through from in there
		return found, nil
	}
	if o.library != "" {
		return o.library, nil
	}
	pin, err := library.ForPlatform()
	if err != nil {
		return "", err
	}
	cache, err := library.Default(stderr)
	if err != nil {
		return "", err
	}
	return cache.Ensure(ctx, pin)
}

// drain lets running statements finish for a while, cancels those that have not, and stops the engine.
func drain(server *http.Server, running *engine.Engine, patience time.Duration, cancelStatements func()) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		cancelStatements()
		server.Close()
	}
	const afterCancel = 5 * time.Second
	ctx, cancel = context.WithTimeout(context.Background(), afterCancel)
	defer cancel()
	if err := running.Close(ctx); err != nil {
		return fmt.Errorf("stop the engine (its data is safe): %w", err)
	}
	return nil
}
