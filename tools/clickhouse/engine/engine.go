//go:build linux || darwin

// Package engine runs one ClickHouse engine in this process: it writes the engine's configuration and access
// rights, lets a bounded number of statements run at once, each in a session of its own, and really stops
// those that are cancelled.
//
// The C library belongs to package chdb, judging SQL text to package guard, HTTP to package httpapi.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
	"github.com/headwater/headwater/tools/clickhouse/guard"
)

// An Engine is the one running engine of this process.
type Engine struct {
	arguments []string
	anchor    *chdb.Connection // the engine stops with its last connection: this one outlives the requests
	slots     chan struct{}
	kills     sync.WaitGroup
	unlock    func()
	info      Info
	policy    *guard.Policy
}

// Info is what the engine says of itself.
type Info struct {
	Version     string // of ClickHouse, such as 26.7.2.1
	DisplayName string
	Timezone    string
}

// Open starts the engine on the data folder. [chdb.Load] must have succeeded. It fails when another process
// uses the folder.
func Open(c Config) (*Engine, error) {
	c = c.withDefaults()
	root, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	at := files{root}
	unlock, err := lockFolder(at.lock())
	if err != nil {
		return nil, err
	}
	if err := at.write(c); err != nil {
		unlock()
		return nil, fmt.Errorf("write the engine's configuration: %w", err)
	}
	e := &Engine{
		arguments: []string{"--path=" + at.engine(), "--config-file=" + at.config()},
		slots:     make(chan struct{}, c.MaxStatements),
		unlock:    unlock,
	}
	if e.anchor, err = chdb.Connect(e.arguments...); err != nil {
		unlock()
		return nil, err
	}
	if err := e.inspect(); err != nil {
		e.anchor.Close()
		unlock()
		return nil, fmt.Errorf("inspect the engine: %w", err)
	}
	return e, nil
}

// inspect reads the engine's name and what it can do: the guard refuses whatever it was not told to allow.
func (e *Engine) inspect() error {
	fields, err := e.list("SELECT arrayJoin([version(), displayName(), timezone()])")
	if err != nil {
		return err
	}
	if len(fields) != 3 {
		return errors.New("unexpected answer about the version")
	}
	e.info = Info{Version: fields[0], DisplayName: fields[1], Timezone: fields[2]}
	var known guard.Known
	for query, into := range map[string]*[]string{
		"SELECT name FROM system.table_functions":  &known.TableFunctions,
		"SELECT name FROM system.table_engines":    &known.TableEngines,
		"SELECT name FROM system.database_engines": &known.DatabaseEngines,
	} {
		if *into, err = e.list(query); err != nil {
			return err
		}
	}
	e.policy = guard.New(known)
	return nil
}

func (e *Engine) list(query string) ([]string, error) {
	out, err := e.Read(query)
	return strings.Fields(out), err
}

// Read runs a statement of this program's own, with its output as raw TSV.
func (e *Engine) Read(query string) (string, error) {
	session, err := e.Begin(context.Background(), false)
	if err != nil {
		return "", err
	}
	defer session.Close()
	out, _, err := session.Query(query, "TSVRaw", nil)
	return string(out), err
}

// Info returns what the engine says of itself.
func (e *Engine) Info() Info { return e.info }

// Policy judges the statements that this engine may be given.
func (e *Engine) Policy() *guard.Policy { return e.policy }

// Close waits until no statement runs and stops the engine. When the context ends first it returns the
// context's error and leaves the engine running; ending the process then is safe, merely less tidy.
func (e *Engine) Close(ctx context.Context) error {
	for range cap(e.slots) {
		select {
		case e.slots <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("statements are still running: %w", ctx.Err())
		}
	}
	e.kills.Wait()
	e.anchor.Close()
	e.unlock()
	return nil
}
