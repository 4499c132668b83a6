package main

import (
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/headwater/headwater/collector/erasure"
	"github.com/headwater/headwater/collector/forward"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
)

// newRegistry makes the registry of /metrics with what the Go runtime, the process and the build tell.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo())
	return registry
}

// buildInfo is 1, with what was built as labels.
func buildInfo() prometheus.Collector {
	labels := prometheus.Labels{"version": "unknown", "revision": "unknown", "go": "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels["version"], labels["go"] = info.Main.Version, info.GoVersion
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				labels["revision"] = setting.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "headwater_build_info", Help: "1, labelled by version, revision of the source, and Go's version.", ConstLabels: labels,
	}, func() float64 { return 1 })
}

// figure is one value of some Stats.
type figure[Stats any] struct {
	name, help string
	value      func(Stats) float64
}

// figures collects them all from one call of Stats, when somebody looks.
type figures[Stats any] struct {
	stats func() Stats
	kind  prometheus.ValueType
	list  []figure[Stats]
	descs []*prometheus.Desc
}

func newFigures[Stats any](stats func() Stats, kind prometheus.ValueType, list ...figure[Stats]) *figures[Stats] {
	f := &figures[Stats]{stats: stats, kind: kind, list: list}
	for _, figure := range list {
		f.descs = append(f.descs, prometheus.NewDesc(figure.name, figure.help, nil, nil))
	}
	return f
}

// Describe is the prometheus.Collector's.
func (f *figures[Stats]) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range f.descs {
		to <- desc
	}
}

// Collect is the prometheus.Collector's.
func (f *figures[Stats]) Collect(to chan<- prometheus.Metric) {
	stats := f.stats()
	for i := range f.list {
		to <- prometheus.MustNewConstMetric(f.descs[i], f.kind, f.list[i].value(stats))
	}
}

// registerSpool shows the spool's figures.
func registerSpool(registry prometheus.Registerer, s *spool.Spool) {
	type stats = spool.Stats
	registry.MustRegister(newFigures(s.Stats, prometheus.GaugeValue,
		figure[stats]{"headwater_spool_bytes", "Bytes that wait to be forwarded, those put back for a replay too.", func(s stats) float64 { return float64(s.Bytes) }},
		figure[stats]{"headwater_spool_limit_bytes", "Bytes that may wait before records are refused, as measured last; 0 before the first record.", func(s stats) float64 { return float64(s.Limit) }},
		figure[stats]{"headwater_spool_segments", "Sealed segments that wait to be forwarded.", func(s stats) float64 { return float64(s.Segments) }},
		figure[stats]{"headwater_spool_oldest_seconds", "Age of the oldest record that waits to be forwarded, without those put back for a replay; 0 where none waits.", func(s stats) float64 { return s.Lag.Seconds() }},
		figure[stats]{"headwater_spool_pending_bytes", "Bytes in memory that wait for the disk.", func(s stats) float64 { return float64(s.Pending) }},
		figure[stats]{"headwater_spool_replayed_bytes", "Bytes that an operator put back and that wait to be forwarded again.", func(s stats) float64 { return float64(s.Returned) }},
		figure[stats]{"headwater_replay_window_segments", "Forwarded segments that are held for a replay.", func(s stats) float64 { return float64(s.HeldSegments) }},
		figure[stats]{"headwater_replay_window_bytes", "Bytes of the forwarded segments that are held for a replay.", func(s stats) float64 { return float64(s.HeldBytes) }},
		figure[stats]{"headwater_replay_window_seconds", "How far back the replay window reaches; 0 where nothing is held.", func(s stats) float64 { return ageOf(s.HeldSince) }},
		figure[stats]{"headwater_quarantined_segments", "Damaged segments in the folder quarantine.", func(s stats) float64 { return float64(s.Quarantined) }},
		figure[stats]{"headwater_dead_letters", "Records in the folder deadletters.", func(s stats) float64 { return float64(s.Letters) }},
	))
	registry.MustRegister(newFigures(s.Stats, prometheus.CounterValue,
		figure[stats]{"headwater_spool_records_total", "Records made durable since the start.", func(s stats) float64 { return float64(s.Records) }},
		figure[stats]{"headwater_spool_commits_total", "Groups of records made durable, one fdatasync each.", func(s stats) float64 { return float64(s.Commits) }},
		figure[stats]{"headwater_spool_failed_commits_total", "Groups that the disk refused.", func(s stats) float64 { return float64(s.Failed) }},
		figure[stats]{"headwater_spool_refused_total", "Appends that found the spool full.", func(s stats) float64 { return float64(s.Refused) }},
		figure[stats]{"headwater_spool_damaged_segments_total", "Segments with bytes that could not be read.", func(s stats) float64 { return float64(s.DamagedSegments) }},
		figure[stats]{"headwater_spool_damaged_bytes_total", "Bytes of segments that could not be read.", func(s stats) float64 { return float64(s.DamagedBytes) }},
		figure[stats]{"headwater_spool_missing_records_total", "Records known to be lost in damaged segments.", func(s stats) float64 { return float64(s.MissingRecords) }},
	))
}

func ageOf(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return time.Since(at).Seconds()
}

// registerForwarder shows the forwarder's figures.
func registerForwarder(registry prometheus.Registerer, f *forward.Forwarder) {
	type stats = forward.Stats
	registry.MustRegister(newFigures(f.Stats, prometheus.CounterValue,
		figure[stats]{"headwater_forwarded_rows_total", "Records stored and acknowledged by ClickHouse.", func(s stats) float64 { return float64(s.Rows) }},
		figure[stats]{"headwater_forwarded_segments_total", "Segments forwarded.", func(s stats) float64 { return float64(s.Segments) }},
		figure[stats]{"headwater_duplicates_total", "Records that Redis knew another copy of, dropped.", func(s stats) float64 { return float64(s.Duplicates) }},
		figure[stats]{"headwater_dead_letters_total", "Records that ClickHouse cannot take, set aside.", func(s stats) float64 { return float64(s.DeadLetters) }},
		figure[stats]{"headwater_forward_retries_total", "Failed tries to forward.", func(s stats) float64 { return float64(s.Retries) }},
	))
	up := func(state string) float64 {
		if state == "ok" {
			return 1
		}
		return 0
	}
	registry.MustRegister(newFigures(f.Stats, prometheus.GaugeValue,
		figure[stats]{"headwater_clickhouse_up", "1 where the latest try to insert into ClickHouse went well.", func(s stats) float64 { return up(s.ClickHouse) }},
		figure[stats]{"headwater_redis_up", "1 where the latest try to reach Redis went well.", func(s stats) float64 { return up(s.Redis) }},
	))
	for _, class := range []store.Class{store.Retry, store.Schema, store.Data, store.Unknown} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "headwater_clickhouse_failing",
			Help:        "1 where inserts fail, by what is to be done: retry (it passes), schema (migrate), data (a table refuses row after row), unknown (look).",
			ConstLabels: prometheus.Labels{"class": class.String()},
		}, func() float64 {
			if f.Stats().ClickHouse == class.String() {
				return 1
			}
			return 0
		}))
	}
}

// registerRedis shows what Redis was asked.
func registerRedis(registry prometheus.Registerer, v *visitors.Visitors) {
	type stats = visitors.Stats
	registry.MustRegister(newFigures(v.Stats, prometheus.CounterValue,
		figure[stats]{"headwater_redis_checked_total", "Records that went through the duplicate filter.", func(s stats) float64 { return float64(s.Checked) }},
		figure[stats]{"headwater_redis_claims_total", "First touches claimed.", func(s stats) float64 { return float64(s.Claims) }},
		figure[stats]{"headwater_redis_failures_total", "Round trips that failed.", func(s stats) float64 { return float64(s.Failures) }},
	))
}

// registerStreams shows how many people watch leads come in.
func registerStreams(registry prometheus.Registerer, open func() int) {
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "headwater_open_streams", Help: "Streams of leads that the console has open. They are in no histogram of requests.",
	}, func() float64 { return float64(open()) }))
}

// registerErasures shows the figures of erasures.
func registerErasures(registry prometheus.Registerer, e *erasure.Erasures) {
	type stats = erasure.Stats
	registry.MustRegister(newFigures(e.Stats, prometheus.GaugeValue,
		figure[stats]{"headwater_erasures_unfinished", "Erasures that are not clean everywhere yet.", func(s stats) float64 { return float64(s.Unfinished) }},
		figure[stats]{"headwater_erasure_tombstones", "Ids of erased people.", func(s stats) float64 { return float64(s.Tombstones) }},
	), newFigures(e.Stats, prometheus.CounterValue,
		figure[stats]{"headwater_erased_records_dropped_total", "Records of erased people, from before, that came by again and were not stored.", func(s stats) float64 { return float64(s.Dropped) }},
		figure[stats]{"headwater_erased_records_changed_total", "Records that were stored without what belonged to an erased person.", func(s stats) float64 { return float64(s.Changed) }},
		figure[stats]{"headwater_erased_imports_refused_total", "Rows of imports and deals about erased people.", func(s stats) float64 { return float64(s.Refused) }},
		figure[stats]{"headwater_erasures_completed_total", "Erasures that this collector found to be clean everywhere.", func(s stats) float64 { return float64(s.Completed) }},
		figure[stats]{"headwater_set_aside_removed_total", "Dead letters and damaged segments that were older than set_aside_days and are gone for good.", func(s stats) float64 { return float64(s.Expired) }},
	))
}
