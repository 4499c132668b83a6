package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

// bareRole is the environment variable that makes this program the bare server, listening on its value.
const bareRole = "HEADWATER_LOAD_BARE"

// serveBare is the baseline: the least that a Go server can do with a POST. It ends with its standard input.
func serveBare(address string) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	err := http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	fmt.Fprintln(os.Stderr, "bare server:", err)
	os.Exit(1)
}
