package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/tools/load/play"
)

// Secrets are what no file may hold after a run: the addresses that the players came from, through the trusted proxy and
// directly, and their User-Agent.
var Secrets = []string{play.ProxiedPrefix, play.DirectPrefix, "HeadwaterPlayer"}

// privacy searches every file of the run, after everything has stopped, and says how to do it by hand. That the search finds
// what is there is shown by the name of the run in the held segments of the spool, and of the site in Redis.
func (r *run) privacy() error {
	var all []string
	for _, name := range folders {
		all = append(all, r.folder(name))
	}
	found, files, err := SearchFiles(all, Secrets)
	if err != nil {
		return fmt.Errorf("search the files: %w", err)
	}
	for name, known := range map[string]string{"spool": r.player.Run, "redis": "{" + site + "}"} {
		if found, _, err := SearchFiles([]string{r.folder(name)}, []string{known}); err != nil || len(found) == 0 {
			return fmt.Errorf("the search does not even find %s in %s (%v): it shows nothing", known, r.folder(name), err)
		}
	}
	if len(found) > 0 {
		fmt.Fprintf(r.Out, "%-11s %9s   %s\n", "privacy", "FAILS", strings.Join(found, "; "))
		return errors.New("a client's address or User-Agent was kept: " + strings.Join(found, "; "))
	}
	fmt.Fprintf(r.Out, "%-11s %9s   no client address, no User-Agent in %d files and in no column\n", "privacy", "clean", files)
	if r.Data != "" {
		fmt.Fprintf(r.Out, "By hand:    grep -rlaF -e %s %s ; echo $?      (1: nothing found)\n", strings.Join(Secrets, " -e "), strings.Join(all, " "))
	}
	return nil
}

// SearchFiles looks for each text in all files below the folders. It returns where it found one, and how many files it read.
func SearchFiles(folders, texts []string) (found []string, files int, err error) {
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			files++
			in, err := searchFile(path, texts)
			for _, text := range in {
				found = append(found, fmt.Sprintf("%q in %s", text, path))
			}
			return err
		})
		if err != nil {
			return nil, files, err
		}
	}
	return found, files, nil
}

func searchFile(path string, texts []string) (found []string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	const overlap = 256 // no text is longer
	window := make([]byte, 1<<20)
	kept := 0
	seen := map[string]bool{}
	for {
		n, err := io.ReadFull(file, window[kept:])
		for _, text := range texts {
			if !seen[text] && bytes.Contains(window[:kept+n], []byte(text)) {
				seen[text] = true
				found = append(found, text)
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		kept = copy(window, window[kept+n-min(overlap, kept+n):kept+n])
	}
}

// searchTables looks for the texts in every column of every row: in its files ClickHouse compresses what it keeps.
func (r *run) searchTables(ctx context.Context, conn driver.Conn) error {
	found, err := SearchTables(ctx, conn, Secrets)
	if err != nil {
		return err
	}
	if known, err := SearchTables(ctx, conn, []string{r.player.Run}); err != nil || len(known) == 0 {
		return fmt.Errorf("the search does not even find %s in the tables (%v): it shows nothing", r.player.Run, err)
	}
	if len(found) > 0 {
		return errors.New("a client's address or User-Agent was stored: " + strings.Join(found, "; "))
	}
	return nil
}

// SearchTables looks for each text in all rows of all tables of the connection's database.
func SearchTables(ctx context.Context, conn driver.Conn, texts []string) (found []string, err error) {
	rows, err := conn.Query(ctx, "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine NOT LIKE '%View'")
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list the tables: %w", err)
		}
		tables = append(tables, name)
	}
	for _, table := range tables {
		var n uint64
		query := "SELECT count() FROM `" + table + "` WHERE multiSearchAny(formatRowNoNewline('TSV', *), {texts:Array(String)})"
		if err := conn.QueryRow(ctx, query, clickhouse.Named("texts", texts)).Scan(&n); err != nil {
			return nil, fmt.Errorf("search table %s: %w", table, err)
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%d rows of table %s", n, table))
		}
	}
	return found, nil
}
