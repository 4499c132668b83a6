package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/headwater/headwater/collector/forward"
	"github.com/headwater/headwater/collector/spool"
)

// newRegistry makes the registry of /metrics with what the Go runtime and the process tell.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// registerSpool shows the spool's figures, read when somebody looks.
func registerSpool(registry prometheus.Registerer, s *spool.Spool) {
	for _, gauge := range []struct {
		name, help string
		value      func(spool.Stats) float64
	}{
		{"headwater_spool_bytes", "Bytes that wait to be forwarded.", func(s spool.Stats) float64 { return float64(s.Bytes) }},
		{"headwater_spool_segments", "Sealed segments that wait to be forwarded.", func(s spool.Stats) float64 { return float64(s.Segments) }},
		{"headwater_spool_oldest_seconds", "Age of the oldest record that waits to be forwarded.", func(s spool.Stats) float64 { return s.Lag.Seconds() }},
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: gauge.name, Help: gauge.help},
			func() float64 { return gauge.value(s.Stats()) }))
	}
	for _, counter := range []struct {
		name, help string
		value      func(spool.Stats) uint64
	}{
		{"headwater_spool_records_total", "Records made durable since the start.", func(s spool.Stats) uint64 { return s.Records }},
		{"headwater_spool_commits_total", "Groups of records made durable, one fdatasync each.", func(s spool.Stats) uint64 { return s.Commits }},
		{"headwater_spool_failed_commits_total", "Groups that the disk refused.", func(s spool.Stats) uint64 { return s.Failed }},
		{"headwater_spool_refused_total", "Appends that found the spool full.", func(s spool.Stats) uint64 { return s.Refused }},
		{"headwater_spool_damaged_segments_total", "Segments with bytes that could not be read.", func(s spool.Stats) uint64 { return s.DamagedSegments }},
		{"headwater_spool_damaged_bytes_total", "Bytes of segments that could not be read.", func(s spool.Stats) uint64 { return s.DamagedBytes }},
		{"headwater_spool_missing_records_total", "Records known to be lost in damaged segments.", func(s spool.Stats) uint64 { return s.MissingRecords }},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: counter.name, Help: counter.help},
			func() float64 { return float64(counter.value(s.Stats())) }))
	}
}

// registerForwarder shows the forwarder's figures, read when somebody looks.
func registerForwarder(registry prometheus.Registerer, f *forward.Forwarder) {
	for _, counter := range []struct {
		name, help string
		value      func(forward.Stats) uint64
	}{
		{"headwater_forwarded_rows_total", "Records stored and acknowledged by ClickHouse.", func(s forward.Stats) uint64 { return s.Rows }},
		{"headwater_forwarded_segments_total", "Segments forwarded.", func(s forward.Stats) uint64 { return s.Segments }},
		{"headwater_duplicates_total", "Records that Redis knew another copy of.", func(s forward.Stats) uint64 { return s.Duplicates }},
		{"headwater_dead_letters_total", "Records that ClickHouse cannot take, set aside.", func(s forward.Stats) uint64 { return s.DeadLetters }},
		{"headwater_forward_retries_total", "Failed tries to forward.", func(s forward.Stats) uint64 { return s.Retries }},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: counter.name, Help: counter.help},
			func() float64 { return float64(counter.value(f.Stats())) }))
	}
	for _, up := range []struct {
		name, help string
		value      func(forward.Stats) string
	}{
		{"headwater_clickhouse_up", "1 where the latest try to reach ClickHouse went well.", func(s forward.Stats) string { return s.ClickHouse }},
		{"headwater_redis_up", "1 where the latest try to reach Redis went well.", func(s forward.Stats) string { return s.Redis }},
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: up.name, Help: up.help}, func() float64 {
			if up.value(f.Stats()) == "ok" {
				return 1
			}
			return 0
		}))
	}
}
