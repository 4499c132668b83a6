package rejection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// Header carries the reason on every answer that turns a request away.
const Header = "X-Headwater-Rejected"

// RetryAfterSeconds is what a sender is told to wait where the fault is ours.
const RetryAfterSeconds = 5

// Handler answers errors: it is Echo's error handler, counts by reason and logs what is the collector's own fault.
type Handler struct {
	log      *slog.Logger
	rejected *prometheus.CounterVec
}

// NewHandler makes a Handler and registers its counter headwater_rejected_total.
func NewHandler(log *slog.Logger, registry prometheus.Registerer) *Handler {
	h := &Handler{log: log, rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "headwater_rejected_total",
		Help: "Requests turned away, by reason.",
	}, []string{"reason"})}
	registry.MustRegister(h.rejected)
	for _, reason := range Reasons() {
		h.rejected.WithLabelValues(string(reason))
	}
	return h
}

// Handle answers c with err; it has the form of echo.HTTPErrorHandler.
func (h *Handler) Handle(err error, c echo.Context) {
	if c.Response().Committed && c.Request().Context().Err() != nil {
		return // who asked has left in the middle of the answer, which nobody failed at
	}
	rejected := From(err)
	h.rejected.WithLabelValues(string(rejected.Reason)).Inc()
	if rejected.Err != nil && !errors.Is(rejected.Err, context.Canceled) {
		// The route, never the URL: a query may carry personal data.
		h.log.Error("request failed", "reason", rejected.Reason, "route", c.Path(), "error", rejected.Err)
	}
	if c.Response().Committed {
		return
	}
	status := rejected.Reason.Status()
	header := c.Response().Header()
	header.Set(Header, string(rejected.Reason))
	header.Set(echo.HeaderXContentTypeOptions, "nosniff")
	header.Set(echo.HeaderCacheControl, "no-store")
	if rejected.RetryAfter > 0 {
		header.Set(echo.HeaderRetryAfter, strconv.Itoa(int(rejected.RetryAfter/time.Second)))
	} else if status == http.StatusServiceUnavailable {
		header.Set(echo.HeaderRetryAfter, strconv.Itoa(RetryAfterSeconds))
	}
	if err := h.write(c, status, rejected); err != nil {
		h.log.Debug("answer a rejection", "reason", rejected.Reason, "error", err)
	}
}

func (h *Handler) write(c echo.Context, status int, rejected *Error) error {
	request := c.Request()
	switch {
	case request.Method == http.MethodHead:
		return c.NoContent(status)
	case PrefersHTML(request.Header.Get(echo.HeaderAccept)):
		return writePage(c, status, rejected)
	}
	return c.JSON(status, struct {
		Error   Reason `json:"error"`
		Message string `json:"message"`
		Details any    `json:"details,omitempty"`
	}{rejected.Reason, rejected.Message, rejected.Details})
}

// From turns any error into an Error: Echo's own by status, unknown ones into Internal without detail.
func From(err error) *Error {
	if rejected, ok := errors.AsType[*Error](err); ok {
		return rejected
	}
	tooLarge, ok := errors.AsType[*http.MaxBytesError](err)
	if ok {
		return New(BodyTooLarge, "The body is larger than %d bytes: send less.", tooLarge.Limit)
	}
	if echoed, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch echoed.Code {
		case http.StatusNotFound:
			return New(UnknownPath, "There is nothing at this path. Public paths are /hw.js, /t, /f/{form}, /link, /healthz and /readyz; the server API begins at /api/.")
		case http.StatusMethodNotAllowed:
			return New(Method, "This path does not take this method: see the header Allow.")
		}
	}
	return Wrap(Internal, err, "The collector could not handle this request; it is logged. Try again later.")
}

// Recover answers a panic like any other fault of the collector's own, without detail, and logs where it happened.
func Recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch reason := recover(); reason {
			case nil:
			case http.ErrAbortHandler:
				panic(reason)
			default:
				err = Wrap(Internal, fmt.Errorf("panic: %v\n%s", reason, debug.Stack()), "The collector could not handle this request; it is logged. Try again later.")
			}
		}()
		return next(c)
	}
}
