package main

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/headwater/headwater/collector/rejection"
)

// latencies are the histograms of how long things take. Each has the classic buckets for every reader and the native
// ones for a Prometheus that asks for them.
type latencies struct {
	requests *prometheus.HistogramVec
	commits  prometheus.Histogram
	inserts  *prometheus.HistogramVec
	redis    prometheus.Histogram
	lag      prometheus.Histogram
}

func newLatencies(registry prometheus.Registerer) *latencies {
	quick := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	slow := []float64{.25, .5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600, 21600}
	l := &latencies{
		requests: prometheus.NewHistogramVec(seconds("headwater_request_seconds", "From a request's headers to its answer, by method and route. Streams of events, which have no end of their own, are headwater_open_streams.", quick), []string{"route"}),
		commits:  prometheus.NewHistogram(seconds("headwater_spool_commit_seconds", "One write and fdatasync of a group of records.", quick)),
		inserts:  prometheus.NewHistogramVec(seconds("headwater_insert_seconds", "One try to insert rows into a table of ClickHouse, by table.", quick), []string{"table"}),
		redis:    prometheus.NewHistogram(seconds("headwater_redis_seconds", "One round trip to Redis, of up to thousands of commands.", quick)),
		lag:      prometheus.NewHistogram(seconds("headwater_forward_lag_seconds", "Age of the oldest record of a segment when all of the segment was in ClickHouse.", slow)),
	}
	registry.MustRegister(l.requests, l.commits, l.inserts, l.redis, l.lag)
	return l
}

func seconds(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}
}

func observe(histogram prometheus.Observer) func(time.Duration) {
	return func(took time.Duration) { histogram.Observe(took.Seconds()) }
}

// hotRoutes are the routes whose histograms are looked up once and not for every request.
var hotRoutes = []string{"/t", "/f/:form", "/link", "/link/redeem"}

// eventStream is the Content-Type of answers that go on until somebody hangs up.
const eventStream = "text/event-stream"

// measure is the middleware that times requests.
func (l *latencies) measure() echo.MiddlewareFunc {
	hot := map[string]prometheus.Observer{}
	for _, path := range hotRoutes {
		hot[path] = l.requests.WithLabelValues(http.MethodPost + " " + path)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := time.Now()
			err := next(c)
			took := time.Since(began).Seconds()
			path, method := c.Path(), c.Request().Method
			if observer := hot[path]; observer != nil && method == http.MethodPost {
				observer.Observe(took)
				return err
			}
			if c.Response().Header().Get(echo.HeaderContentType) != eventStream { // which lasts as long as somebody watches
				l.requests.WithLabelValues(routeOf(method, path)).Observe(took)
			}
			return err
		}
	}
}

// routeOf is a label from a closed list: of the registered routes, and of methods that they take.
func routeOf(method, path string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions:
	default:
		return "other"
	}
	if path == "" || path == "/*" {
		return "other"
	}
	return method + " " + path
}

// Limits of what is under way at the public listener.
const (
	maxInFlight      = 4096
	maxInFlightBytes = 64 << 20 // of bodies, as they are announced
	waitInFlight     = 2 * time.Second
	// unannounced is what a body counts that does not say how large it is: what intake takes of it at most.
	unannounced = 64 << 10
)

// admission bounds the requests under way. Above it they wait a moment for others to end, and are then told to come again.
type admission struct {
	requests, bytes *semaphore.Weighted
	maxBytes        int64
	wait            time.Duration
	inFlight        prometheus.Gauge
}

func newAdmission(registry prometheus.Registerer) *admission {
	a := &admission{
		requests: semaphore.NewWeighted(maxInFlight), bytes: semaphore.NewWeighted(maxInFlightBytes),
		maxBytes: maxInFlightBytes, wait: waitInFlight,
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "headwater_in_flight_requests", Help: "Requests under way at the public listener."}),
	}
	registry.MustRegister(a.inFlight)
	return a
}

// limit is the middleware. Probes pass: whether the collector is overloaded is theirs to find out.
func (a *admission) limit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if path := c.Path(); path == "/healthz" || path == "/readyz" {
			return next(c)
		}
		size := c.Request().ContentLength
		if size < 0 {
			size = unannounced
		}
		size = min(size, a.maxBytes)
		if err := a.enter(c.Request().Context(), size); err != nil {
			return err
		}
		a.inFlight.Inc()
		defer func() {
			a.inFlight.Dec()
			a.requests.Release(1)
			a.bytes.Release(size)
		}()
		return next(c)
	}
}

func (a *admission) enter(ctx context.Context, size int64) error {
	if a.requests.TryAcquire(1) {
		if a.bytes.TryAcquire(size) {
			return nil
		}
		a.requests.Release(1)
	}
	ctx, cancel := context.WithTimeout(ctx, a.wait)
	defer cancel()
	if a.requests.Acquire(ctx, 1) == nil {
		if a.bytes.Acquire(ctx, size) == nil {
			return nil
		}
		a.requests.Release(1)
	}
	return rejection.New(rejection.Overloaded, "The collector has too much under way just now. Send it again in a few seconds.")
}
