package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
)

// spoolCommand is what an operator does with the records on disk.
type spoolCommand struct {
	Ls          spoolLsCommand     `cmd:"" help:"List the segments: what waits, what is held, what is damaged."`
	Replay      spoolReplayCommand `cmd:"" help:"Put forwarded segments back to be forwarded again."`
	Deadletters lettersCommand     `cmd:"" help:"List, show, retry or drop the records that ClickHouse could not take."`
}

// Help is shown by headwater spool -h.
func (spoolCommand) Help() string {
	return `These commands work on --spool-dir, whether the collector runs or not: where it runs they ask it, at the address that it
left in the spool folder. Run them where the collector runs, as its user: docker compose exec headwater /headwater spool ls`
}

// spoolFolder is the spool folder of the configuration, which must be there. Problems of the configuration that are not
// the spool's are no reason to refuse: an operator's shell need not have the secret.
func (i *invocation) spoolFolder() (*loaded, error) {
	l, err := loadConfig(i.command.Config, i.command.Settings, i.given)
	if err != nil {
		return nil, err
	}
	var mine problems
	for _, p := range l.problems {
		key := p.Where[strings.LastIndexByte(p.Where, ' ')+1:]
		if key != "secret" && !strings.HasPrefix(key, "site") && !strings.HasPrefix(p.What, "there is no site") {
			mine = append(mine, p)
		}
	}
	if len(mine) > 0 {
		return nil, mine
	}
	switch info, err := os.Stat(l.SpoolDir); {
	case errors.Is(err, os.ErrNotExist) || err == nil && !info.IsDir():
		where, _ := filepath.Abs(l.SpoolDir)
		return nil, fmt.Errorf("there is no spool folder %s (spool_dir, from %s): give --config or --spool-dir as the collector gets them", where, l.source("spool_dir"))
	case err != nil:
		return nil, fmt.Errorf("look at the spool folder: %w", err)
	}
	return l, nil
}

// operate does something with the spool: through the collector that has it, else on the folder.
func (i *invocation) operate(do func(context.Context, operator) error) error {
	l, err := i.spoolFolder()
	if err != nil {
		return err
	}
	holder, held, err := spool.FindHolder(l.SpoolDir)
	if err != nil {
		return err
	}
	if held {
		if holder.Address == "" {
			return fmt.Errorf("process %d uses the spool folder and takes no requests: it starts or ends, or is a command like this one; try again in a few seconds", holder.PID)
		}
		return do(i.ctx, remoteOperator{holder})
	}
	log := slog.New(slog.NewTextHandler(i.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := spool.OpenAside(spoolConfig(l.Config, log))
	if err != nil {
		return err
	}
	err = do(i.ctx, s)
	return errors.Join(err, s.Close(context.WithoutCancel(i.ctx)))
}

// spoolConfig is the spool of a configuration.
func spoolConfig(config Config, log *slog.Logger) spool.Config {
	return spool.Config{
		Dir:       config.SpoolDir,
		MaxBytes:  config.SpoolMaxBytes,
		SealAfter: time.Duration(config.SpoolSealMS) * time.Millisecond,
		ReplayAge: time.Duration(config.SpoolReplayHours) * time.Hour,
		Log:       log,
	}
}

type spoolReplayCommand struct {
	Segment []string `help:"This held segment; headwater spool ls shows them. May be given several times." placeholder:"UUID"`
	Since   string   `help:"All that were forwarded since: a time (2026-03-01T09:30, UTC without a zone) or an age (90m, 6h)." placeholder:"TIME"`
	All     bool     `help:"All that are held."`
	DryRun  bool     `help:"Only say what would be put back."`
	Format  string   `help:"table or json. Default table." default:"table" enum:"table,json"`
}

// Help is shown by headwater spool replay -h.
func (spoolReplayCommand) Help() string {
	return `Segments that ClickHouse acknowledged are held for spool_replay_hours (24), in at most a tenth of the disk. Where ClickHouse lost rows
all the same (power loss, a restored backup, a dropped partition), put them back:

  headwater spool replay --since 2h       forwarded within the last two hours
  headwater spool replay --segment 0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e
  headwater spool replay --all

What ClickHouse still has merges with what comes again, so replaying too much does no harm. New records go on being accepted and
forwarded. headwater spool ls shows what still waits.`
}

// Run is headwater spool replay.
func (r spoolReplayCommand) Run(i *invocation) error {
	which, err := r.selection(time.Now())
	if err != nil {
		return usageError{err}
	}
	if r.DryRun {
		return r.dryRun(i, which)
	}
	return i.operate(func(ctx context.Context, on operator) error {
		done, err := on.Replay(ctx, which)
		if err == nil && len(done.Missing) > 0 {
			err = fmt.Errorf("not held: %s; headwater spool ls lists what is", joinIDs(done.Missing))
		}
		return errors.Join(r.print(i.stdout, done, "put back to be forwarded again"), err)
	})
}

func (r spoolReplayCommand) print(to io.Writer, done spool.Replayed, what string) error {
	if r.Format == "json" {
		return writeJSON(to, done)
	}
	_, err := fmt.Fprintf(to, "%s of %s %s.\n", counted(len(done.Segments), "segment"), sizeText(done.Bytes), what)
	return err
}

func (r spoolReplayCommand) dryRun(i *invocation, which spool.Selection) error {
	l, err := i.spoolFolder()
	if err != nil {
		return err
	}
	list, err := spool.List(l.SpoolDir)
	if err != nil {
		return err
	}
	done := spool.Replayed{Segments: []uuid.UUID{}}
	for _, file := range list {
		if file.State == spool.StateHeld && which.Takes(file.Segment, file.At) {
			done.Segments, done.Bytes = append(done.Segments, file.Segment), done.Bytes+file.Bytes
		}
	}
	return r.print(i.stdout, done, "would be put back")
}

// selection reads the flags.
func (r spoolReplayCommand) selection(now time.Time) (spool.Selection, error) {
	which := spool.Selection{All: r.All}
	for _, text := range r.Segment {
		id, err := uuid.Parse(text)
		if err != nil {
			return which, fmt.Errorf("--segment %.64q is no UUID of a segment: headwater spool ls lists them", text)
		}
		which.Segments = append(which.Segments, id)
	}
	if r.Since != "" {
		since, err := parseSince(r.Since, now)
		if err != nil {
			return which, err
		}
		which.Since = since
	}
	if !which.All && len(which.Segments) == 0 && which.Since.IsZero() {
		return which, errors.New("say what to put back: --segment UUID, --since TIME or --all")
	}
	return which, nil
}

// parseSince reads a time, or an age before now.
func parseSince(text string, now time.Time) (time.Time, error) {
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since %.64q is neither a time such as 2026-03-01T09:30 (UTC) nor an age such as 90m or 6h", text)
}

func joinIDs(ids []uuid.UUID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return strings.Join(texts, ", ")
}
