# Headwater. `make` prints the targets; `make run` and `make test` install what they need.
SHELL := /bin/bash
GO    ?= go
FUZZTIME ?= 30s
DURATION ?= 30m
TOUCHES ?= 2000000

.DEFAULT_GOAL := help
.PHONY: help deps deps-run deps-test build run test test-go test-browsers vet lint bench bench-sql profile soak fuzz dist

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

deps: deps-run deps-test ## install everything that run and test need (quick when it is there)

# What `make run` needs: Go modules and the ClickHouse engine (cached outside the repository).
deps-run:
	@$(GO) mod download
	@if [ -z "$$CLICKHOUSE_DSN" ]; then $(GO) run ./tools/clickhouse -fetch; fi

# What the tests need on top: redis-server, three browser engines, TypeScript, the JavaScript client of ClickHouse.
NODE_FOLDERS = $(patsubst %/package-lock.json,%,$(shell git ls-files '*package-lock.json'))
deps-test: $(addsuffix /node_modules/.package-lock.json,$(NODE_FOLDERS))
	@tools/deps.sh redis-server:redis-server chromium:chromium \
		firefox-esr:firefox-esr WebKitWebDriver:webkit2gtk-driver Xvfb:xvfb

%/node_modules/.package-lock.json: %/package-lock.json
	@echo "npm ci in $*"
	@cd $* && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json

build: ## compile every program into .headwater/bin
	@mkdir -p .headwater/bin
	$(GO) build -pgo=collector/load.pgo -o .headwater/bin/headwater ./collector
	$(GO) build -o .headwater/bin/ ./tools/...

run: deps-run ## the whole product in one terminal, with a demo website
	@mkdir -p .headwater/bin && $(GO) build -o .headwater/bin/dev ./tools/dev && exec .headwater/bin/dev

test: deps ## everything: linters, unit tests, real ClickHouse, real Redis, real browsers
	@$(MAKE) --no-print-directory -j2 lint test-go

# What takes longest begins first, or it would be left to run alone at the end, and most of it on one core. Vet comes before: what it
# compiles the tests take from Go's cache, and two commands at once would compile all of it twice.
LONGEST = ./snippet/browser ./collector/console ./collector/reports ./collector ./collector/people
test-go: vet
	$(GO) test -vet=off -ldflags='-s -w' -count=1 -timeout 20m -p 3 $(LONGEST) ./...

# In its folder, go test prints what the tests print: the table by demand and engine at the end.
test-browsers: deps-test ## the snippet on Chromium, Firefox and WebKit; passed and failed by demand number
	cd snippet/browser && CI=true $(GO) test -count=1 -timeout 10m

# These have memory enough, and spend a fourth of their time on collecting it otherwise.
vet lint: export GOGC = 400
vet: ; $(GO) vet ./...

lint: vet $(addsuffix /node_modules/.package-lock.json,$(NODE_FOLDERS)) ## gofmt, vet, staticcheck, tsc, and dist against a fresh build
	@test -z "$$(gofmt -l .)" || { echo "run gofmt -w on:"; gofmt -l .; exit 1; }
	$(GO) tool staticcheck ./...
	cd snippet && npx --no-install tsc --noEmit
	$(GO) run ./tools/bundle -check

dist: ## rebuild snippet/dist from snippet/src
	$(GO) run ./tools/bundle

bench: deps ## ratios to a bare baseline in the same run: accept, forward, the snippet's start-up; and its size
	$(GO) run ./tools/load -bench
	$(GO) run ./tools/bundle -sizes
	$(GO) test -run '^$$' -bench StartUp -benchtime 3x ./snippet/browser

bench-sql: deps-run ## ratios of the reports to bare queries in the same run, on TOUCHES (2000000) touches
	$(GO) run ./tools/benchsql -touches $(TOUCHES)

# From time to time: what the collector does most under load, for builds with -pgo (see collector/README.md).
PROFILES = .headwater/profiles
profile: deps ## renew collector/load.pgo from the benchmark
	@mkdir -p $(PROFILES)
	$(GO) run ./tools/load -bench -only accept -profiles $(PROFILES)
	$(GO) run ./tools/load -bench -only forward -profiles $(PROFILES)
	$(GO) tool pprof -proto $(PROFILES)/accept.pprof $(PROFILES)/forward.pprof > collector/load.pgo

soak: deps ## visitors for DURATION (30m) while everything fails; also fails where memory or goroutines grow
	$(GO) run ./tools/load -faults -soak -duration $(DURATION)

fuzz: deps-run ## every fuzz test for FUZZTIME (30s)
	@for package in $$($(GO) list ./...); do \
		for name in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$name"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done
