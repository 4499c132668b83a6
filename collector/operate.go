package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/headwater/headwater/collector/spool"
)

// operator does what people ask of a spool: the spool itself, or the collector that has it.
type operator interface {
	Replay(context.Context, spool.Selection) (spool.Replayed, error)
	Retry(context.Context, spool.LetterSelection) (int, error)
	Drop(context.Context, spool.LetterSelection) (int, error)
}

// The operators' requests at the private listener. Whoever sends one must have read the token in the spool folder: the
// listener may be reachable for others, who may look at metrics and do no more.
const (
	replayPath = "/spool/replay"
	retryPath  = "/spool/deadletters/retry"
	dropPath   = "/spool/deadletters/drop"

	maxOperatorBody = 1 << 20
	operatorTimeout = 10 * time.Minute
)

// letterCount answers retry and drop.
type letterCount struct {
	Letters int `json:"letters"`
}

// registerOperator adds the operators' requests and announces them in the spool folder once the address is known.
func registerOperator(mux *http.ServeMux, on operator, token string) {
	mux.Handle("POST "+replayPath, operatorRequest(token, on.Replay))
	mux.Handle("POST "+retryPath, operatorRequest(token, counting(on.Retry)))
	mux.Handle("POST "+dropPath, operatorRequest(token, counting(on.Drop)))
}

func counting(do func(context.Context, spool.LetterSelection) (int, error)) func(context.Context, spool.LetterSelection) (letterCount, error) {
	return func(ctx context.Context, which spool.LetterSelection) (letterCount, error) {
		n, err := do(ctx, which)
		return letterCount{n}, err
	}
}

// operatorRequest handles one kind of request. What was done is answered even where an error ended it early.
func operatorRequest[Which, Done any](token string, do func(context.Context, Which) (Done, error)) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			answerOperator(w, http.StatusUnauthorized, operatorAnswer[Done]{Error: "use the command headwater spool on the collector's machine, as a user who can read its spool folder"})
			return
		}
		var which Which
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOperatorBody))
		decoder.DisallowUnknownFields() // a member that a newer command sends must not be overlooked
		if err := decoder.Decode(&which); err != nil {
			answerOperator(w, http.StatusBadRequest, operatorAnswer[Done]{Error: "the request makes no sense to this version of the collector: " + err.Error()})
			return
		}
		done, err := do(r.Context(), which)
		answer := operatorAnswer[Done]{Done: done}
		status := http.StatusOK
		if err != nil {
			answer.Error, status = err.Error(), http.StatusServiceUnavailable
		}
		answerOperator(w, status, answer)
	})
}

type operatorAnswer[Done any] struct {
	Done  Done   `json:"done"`
	Error string `json:"error,omitempty"`
}

func answerOperator(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // who asked has gone
}

// newOperatorToken makes the secret that the spool folder holds while this process runs.
func newOperatorToken() string { return rand.Text() }

// operatorAddress is how a command on this machine reaches the private listener.
func operatorAddress(listening net.Addr) string {
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return listening.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() || host == "127.0.0.1" || host == "::1" {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// remoteOperator asks the collector that has the spool.
type remoteOperator struct{ holder spool.Holder }

func (o remoteOperator) Replay(ctx context.Context, which spool.Selection) (spool.Replayed, error) {
	return askOperator[spool.Replayed](ctx, o.holder, replayPath, which)
}

func (o remoteOperator) Retry(ctx context.Context, which spool.LetterSelection) (int, error) {
	done, err := askOperator[letterCount](ctx, o.holder, retryPath, which)
	return done.Letters, err
}

func (o remoteOperator) Drop(ctx context.Context, which spool.LetterSelection) (int, error) {
	done, err := askOperator[letterCount](ctx, o.holder, dropPath, which)
	return done.Letters, err
}

func askOperator[Done any](ctx context.Context, holder spool.Holder, path string, which any) (Done, error) {
	var answer operatorAnswer[Done]
	ctx, cancel := context.WithTimeout(ctx, operatorTimeout)
	defer cancel()
	body, err := json.Marshal(which)
	if err != nil {
		return answer.Done, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+holder.Address+path, bytes.NewReader(body))
	if err != nil {
		return answer.Done, err
	}
	request.Header.Set("Authorization", "Bearer "+holder.Token)
	request.Header.Set("Content-Type", "application/json")
	direct := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	response, err := direct.Do(request)
	if err != nil {
		return answer.Done, fmt.Errorf("ask the collector (process %d) at its private listener: %w: run this on the same machine, in the same container", holder.PID, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return answer.Done, fmt.Errorf("read the collector's answer: %w", err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return answer.Done, fmt.Errorf("the process at %s answers %s, not as a collector of this version does", holder.Address, response.Status)
	}
	if answer.Error != "" {
		return answer.Done, errors.New(answer.Error)
	}
	return answer.Done, nil
}
