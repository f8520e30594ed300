# Pitstop. `make` lists the targets.
TOOLS := $(CURDIR)/.tools/bin
GOLANGCI := $(TOOLS)/golangci-lint-v2.15.0
GOTESTSUM := $(TOOLS)/gotestsum-v1.13.0
OPENAPI := .tools/openapi
SCHEMATHESIS := .tools/schemathesis
# go test, with what failed at the end.
TEST := $(GOTESTSUM) --format standard-quiet --hide-summary skipped --
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help deps browser build demo up test test-long kafka test-kafka keycloak test-keycloak prometheus race bench fuzz lint openapi schemathesis fmt generate generated licences check clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

deps: deploy/clickhouse-lib/node_modules/.installed ## Fetch the ClickHouse library (npm).

browser: deploy/browser/node_modules/.installed ## Fetch the browser that tests use (npm).

deploy/%/node_modules/.installed: deploy/%/package-lock.json
	cd deploy/$* && $(NPM_CI)
	@touch $@

build: ## Build bin/pitstop.
	CGO_ENABLED=0 go build -o bin/pitstop ./cmd/pitstop

demo: deps build ## Run the whole pipeline with simulated garages. ARGS='--for 60s --data DIR'
	@bin/pitstop demo $(ARGS)

up: deps build ## Run the whole pipeline, empty. ARGS='--data DIR --garages FILE'
	@bin/pitstop up $(ARGS)

test: deps browser $(GOTESTSUM) ## Run all the tests, real ClickHouse and a real browser included.
	$(TEST) -timeout 30m ./...

test-long: $(GOTESTSUM) ## Run the tests that take minutes: two million timers, a large state.
	PITSTOP_TEST_LONG=1 $(TEST:quiet=verbose) -timeout 60m -count 1 -run '^TestLong_' ./processors/stream

kafka: ## Run Apache Kafka (three nodes) and Apicurio Registry. ARGS='--keep --data DIR', ARGS=stop
	@go build -o bin/kafka ./deploy/kafka/run
	@bin/kafka $(ARGS)

test-kafka: deps $(GOTESTSUM) ## Run the tests that need Apache Kafka: Java 21 and Maven.
	PITSTOP_TEST_KAFKA=1 $(TEST:quiet=verbose) -timeout 30m -p 1 -count 1 -run '^TestKafka_' ./deploy/kafka ./deploy/e2e ./cmd/pitstop/...

keycloak: ## Run Keycloak with a realm for Pitstop. ARGS='--keep --data DIR', ARGS=stop
	@go build -o bin/keycloak ./deploy/keycloak/run
	@bin/keycloak $(ARGS)

test-keycloak: deps browser $(GOTESTSUM) ## Run the tests that sign in at Keycloak: Java 21 and Maven.
	PITSTOP_TEST_KEYCLOAK=1 $(TEST:quiet=verbose) -timeout 20m -p 1 -count 1 -run '^TestKeycloak_' ./deploy/keycloak ./deploy/e2e

race: deps browser $(GOTESTSUM) ## Run all the tests under the race detector.
	$(TEST) -race -timeout 45m ./...

prometheus: deps ## Check Prometheus's configuration, rules and queries, with a real one.
	@for p in prometheus promtool; do command -v $$p >/dev/null || \
	  { echo "$$p is missing; on Debian, as root: apt-get install --no-install-recommends prometheus"; exit 1; }; done
	go test -count=1 ./deploy/prometheus
	go test -count=1 -run '^TestPrometheus' ./deploy/e2e

bench: deps ## Run the benchmarks.
	go test -run '^$$' -bench . -benchmem ./...

# Before 1.27, Go calls it a failure when the time is over at a bad moment, which a
# busy machine has more of (golang/go#75804). What is found says something else.
FUZZTIME ?= 20s
fuzz: ## Fuzz every decoder for a while. FUZZTIME=5m
	@set -e; said=$$(mktemp); trap 'rm -f $$said' EXIT; for pkg in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg 2>&1 | tee $$said; \
	    grep -qE '^(ok|    context deadline exceeded$$)' $$said; \
	  done; done

lint: $(GOLANGCI) ## Run the linters.
	go vet ./...
	$(GOLANGCI) run ./...

$(GOLANGCI): TOOL := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(GOTESTSUM): TOOL := gotest.tools/gotestsum
$(TOOLS)/%: # NAME-vVERSION
	GOBIN=$(TOOLS) go install $(TOOL)@v$(lastword $(subst -v, ,$*))
	@mv $(TOOLS)/$(notdir $(TOOL)) $@

# Telemetry is off, and the notice of a newer version.
openapi: $(OPENAPI)/.installed ## Check the OpenAPI document with Redocly and Spectral.
	@cd deploy/openapi && export PATH="$(CURDIR)/$(OPENAPI)/node_modules/.bin:$$PATH" REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true && \
	  redocly lint ../../api/openapi.json && spectral lint --ruleset spectral.yaml --fail-severity hint ../../api/openapi.json

schemathesis: deps $(SCHEMATHESIS)/.installed ## Send every role's API what Schemathesis makes of its document: Python 3.
	@PITSTOP_TEST_SCHEMATHESIS=$(CURDIR)/$(SCHEMATHESIS)/bin/schemathesis go test -timeout 20m -count 1 -run '^TestSchemathesis$$' ./deploy/e2e

$(SCHEMATHESIS)/.installed: deploy/openapi/requirements.txt
	python3 -m venv --clear $(SCHEMATHESIS) || { echo "python3 or its venv is missing; on Debian, as root: apt-get install --no-install-recommends python3-venv"; exit 1; }
	$(SCHEMATHESIS)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement $<
	@touch $@

$(OPENAPI)/.installed: deploy/openapi/package.json deploy/openapi/package-lock.json
	@mkdir -p $(OPENAPI) && cp $^ $(OPENAPI)
	cd $(OPENAPI) && $(NPM_CI)
	@touch $@

fmt: ## Format the code.
	gofmt -w $$(git ls-files '*.go')

generate: ## Write the generated files: Avro schemas, OpenAPI, the list of licences.
	go generate ./...

licences: ## Write the list of the dependencies' licences; one that is not allowed fails.
	go run ./deploy/licences

generated: ## Fail where a generated file is not current.
	@state() { git status --porcelain; git diff; }; before=$$(state); $(MAKE) --no-print-directory generate || exit; \
	  [ "$$before" = "$$(state)" ] || { echo "make generate has changed files:"; state; exit 1; }

check: ## Everything that a change must pass, as CI does: .ci/checks has the list.
	@.ci/checks

clean: ## Remove what was built; data and fetched parts stay.
	rm -rf bin
