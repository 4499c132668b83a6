package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/stack"
)

const (
	backlogBytes = 1 << 30
	// backlogTime is for how long a collector with the backlog is watched, in each of its two states.
	backlogTime = 5 * time.Second
)

// benchBacklog fills a spool and watches the memory of the collector that finds it: first while ClickHouse is away and
// browsers keep coming, then while it forwards and they still do.
func benchBacklog(ctx context.Context, c benchConfig, s *stack.Stack) (bound, error) {
	folder := filepath.Join(s.Data, "bench-backlog")
	records, err := fillSpool(ctx, folder, backlogBytes)
	if err != nil {
		return bound{}, fmt.Errorf("fill a spool: %w", err)
	}
	fmt.Fprintf(c.out, "\nBacklog: %s touches, 1 GiB, wait in the spool and more come in, for %s each\n", grouped(float64(records)), backlogTime)
	most := int64(0)
	for _, state := range []struct{ name, clickHouse string }{
		{"ClickHouse is away", "http://127.0.0.1:1/bench"},
		{"it is forwarded", s.ClickHouse + "/bench"},
	} {
		collector, err := startCollector(s, state.clickHouse, folder)
		if err != nil {
			return bound{}, err
		}
		profiled := collector.profile(ctx, c.profiles, "backlog", backlogTime)
		m, err := fire(ctx, collector.address, "bench", c.connections, backlogTime)
		if err == nil {
			err = profiled()
		}
		peak := collector.peakMemory()
		collector.kill()
		if err != nil {
			return bound{}, fmt.Errorf("with a backlog: %w", err)
		}
		fmt.Fprintf(c.out, "  %-28s %9s /s   peak memory of the collector %.1f MiB\n", state.name, grouped(m.perSecond), mebibytes(peak))
		most = max(most, peak)
	}
	return bound{name: "memory with 1 GiB of backlog, MiB", value: mebibytes(most), limit: 128, format: "%.1f"}, nil
}

// fillSpool puts touches of the size that the accept benchmark sends into a spool of its own, and seals it.
func fillSpool(ctx context.Context, folder string, size int) (records int, err error) {
	kept, err := spool.Open(spool.Config{Dir: folder, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	const group = 2000
	for filled := 0; filled < size; {
		payloads := make([][]byte, group)
		for i := range payloads {
			touch, err := sampleTouch()
			if err != nil {
				return records, err
			}
			if payloads[i], err = schema.Encode(touch); err != nil {
				return records, err
			}
			filled += len(payloads[i])
		}
		if err := kept.Append(ctx, payloads...); err != nil {
			return records, err
		}
		records += group
	}
	return records, kept.Close(ctx)
}

// sampleTouch is what the collector makes of a touch as requestTo sends it.
func sampleTouch() (*schema.TouchRecord, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	return &schema.TouchRecord{SiteID: "bench", VisitorID: "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", ReceivedAt: now, SnippetVersion: "load",
		Touch: schema.Touch{TouchID: schema.TouchID(id.String()), OccurredAt: now, UTMSource: "linkedin", UTMMedium: "paid-social",
			UTMCampaign: "spring-planning", UTMTerm: "orchard-owners", UTMContent: "video-a", LiFatID: "7f3a9c52-4f0e-4d8e-9a55-0d1f2a3b4c5d",
			Referrer: "https://www.linkedin.com/", LandingPage: "https://www.brookandbale.example/?" + strings.Repeat("x", 148), Source: "linkedin", Medium: "paid-social",
			Campaign: "spring-planning", Term: "orchard-owners", Content: "video-a", Channel: schema.ChannelPaidSocial, ReferrerDomain: "linkedin.com"}}, nil
}
