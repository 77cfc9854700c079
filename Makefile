# Everything a developer or CI runs. `make` alone says what there is.
#
# One cargo profile, release, for everything: the embedded Postgres takes minutes to compile, so it is compiled
# once. Always the whole workspace, for the same reason: another selection of packages is another set of features.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE      ?= $(HOME)/.cache/owlpost
TOOLS      := $(CACHE)/tools
PYTHON_ENV := $(CACHE)/python
CARGO      ?= cargo
WORKSPACE  := --release --workspace --locked
TARGET_DIR  = $(shell $(CARGO) metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
BIN         = $(TARGET_DIR)/release/owlpost
# Where nothing is built yet, `make run` builds the same program sooner: less optimised, with the allocator of the system.
FIRST_BIN   = $(TARGET_DIR)/first/owlpost
FIRST_FEATURES := --no-default-features --features embedded-database
NPM        := $(shell command -v npm)
CARGO_DENY  = $(shell command -v cargo-deny || echo $(TOOLS)/bin/cargo-deny)
# A browser of the environment, of the PATH, or what `make chromium` installs.
CHROMIUM    = $${CHROMIUM_PATH:-$$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
WEB_SOURCES := $(shell find web packages/client/src -path web/node_modules -prune -o -path web/dist -prune -o -path web/e2e -prune \
                 -o -type f -print 2>/dev/null)

.PHONY: help run build web test test-rust test-package test-clients test-web test-axe check check-rust check-web check-package check-documents deny \
        deny-advisories chromium python screenshots bench bench-quick bench-search bench-peers faults attack check-deploy image-check release test-traces fuzz types fmt clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

run: ## Build and start the server with embedded database, dashboard and demo data (port 4001)
	@if [ -n "$(NPM)" ]; then echo "Building the dashboard (a minute at first)"; $(MAKE) web; \
	    else echo "npm is not installed: starting without the dashboard"; fi
	@if [ -x "$(BIN)" ]; then \
	    $(CARGO) build --release --locked -p owlpost && exec $(BIN) serve --demo; \
	else \
	    if [ ! -x "$(FIRST_BIN)" ]; then \
	        echo "Building the server: about eight minutes on two cores at first, half of it for the Postgres inside; seconds later"; \
	    fi; \
	    $(CARGO) build --profile first $(FIRST_FEATURES) --locked -p owlpost && exec $(FIRST_BIN) serve --demo; \
	fi

build: ## Build the server
	$(CARGO) build $(WORKSPACE)

# --- the dashboard ---------------------------------------------------------------------------------------------

web: $(if $(wildcard web/package.json),web/dist/index.html) ## Build the dashboard into web/dist

# The dashboard takes the sources of packages/client as they are; what that needs of others is the dashboard's too.
web/node_modules/.package-lock.json: web/package.json web/package-lock.json packages/client/package.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build
	@touch $@

packages/client/node_modules/.package-lock.json: packages/client/package.json packages/client/package-lock.json
	cd packages/client && npm ci --no-audit --no-fund
	@touch $@

document-checks/node_modules/.package-lock.json: document-checks/package.json document-checks/package-lock.json
	cd document-checks && npm ci --no-audit --no-fund
	@touch $@

client-compat-tests/node_modules/.package-lock.json: client-compat-tests/package.json client-compat-tests/package-lock.json
	cd client-compat-tests && npm ci --no-audit --no-fund
	@touch $@

# --- tests -----------------------------------------------------------------------------------------------------

# With OWLPOST_TEST_DATABASE_URL (an administrator's URL) on that Postgres, else on the embedded one.
test: web test-rust test-package test-clients test-web ## Run every test

test-rust: ## Run the Rust tests
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    echo "$(CARGO) nextest run $(WORKSPACE)"; $(CARGO) nextest run $(WORKSPACE) --no-fail-fast; \
	else \
	    echo "$(CARGO) test $(WORKSPACE)"; $(CARGO) test $(WORKSPACE) --no-fail-fast; \
	fi

test-package: packages/client/node_modules/.package-lock.json ## Run the tests of @owlpost/client that need no server
	cd packages/client && npm test

test-clients: build python client-compat-tests/node_modules/.package-lock.json packages/client/node_modules/.package-lock.json ## Run real socket.io and generated REST clients, and @owlpost/client, against the server
	cd client-compat-tests && OWLPOST_BIN="$(BIN)" OWLPOST_PYTHON="$(PYTHON_ENV)/bin/python" npm test

test-web: $(if $(wildcard web/package.json),test-web-unit test-web-browser) ## Run the dashboard's tests, in a browser too

.PHONY: test-web-unit test-web-browser
test-web-unit: web/node_modules/.package-lock.json
	cd web && npm test

# E2E_SCOPE=database tells only the stories in which the database matters.
test-web-browser: web build chromium
	cd web && OWLPOST_BIN="$(BIN)" CHROMIUM_PATH="$(CHROMIUM)" npm run e2e

test-axe: web build chromium ## Look for what people cannot read or reach: every state of every page, at every width, in every scheme and medium
	cd web && E2E_AXE_SEED=every OWLPOST_BIN="$(BIN)" CHROMIUM_PATH="$(CHROMIUM)" npm run e2e -- axe

screenshots: web build chromium ## Take the pictures of the README, and of every page in every layout (web/test-results/layouts)
	cd web && OWLPOST_BIN="$(BIN)" CHROMIUM_PATH="$(CHROMIUM)" npm run screenshots

chromium: ## Make sure there is a browser for the tests
	@if [ -z "$(CHROMIUM)" ]; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	    else \
	        echo "No Chromium found: install it with the system's package manager or set CHROMIUM_PATH"; exit 1; \
	    fi; \
	fi

python: ## Make sure there is a Python with the generator of clients and python-socketio for the tests
	@client-compat-tests/generated-clients/install-python.sh "$(PYTHON_ENV)"

# --- checks ----------------------------------------------------------------------------------------------------

check: check-rust deny check-web check-package check-documents ## Check format, lints, documentation, licences, types and published documents

check-rust:
	$(CARGO) fmt --all --check
	$(CARGO) fmt $(BARE) --check
	$(CARGO) clippy $(WORKSPACE) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(WORKSPACE) --no-deps

check-web: $(if $(wildcard web/package.json),web/node_modules/.package-lock.json)
	@if [ -f web/package.json ]; then cd web && npm run lint && npm run typecheck; fi

check-package: packages/client/node_modules/.package-lock.json web/node_modules/.package-lock.json
	cd packages/client && npm run lint && npm run typecheck && npm run check:package

check-documents: document-checks/node_modules/.package-lock.json
	cd document-checks && npm run check

deny: $(CARGO_DENY) ## Check licences, bans and sources of the dependencies
	$(CARGO_DENY) --log-level error check --hide-inclusion-graph bans licenses sources

deny-advisories: $(CARGO_DENY) ## Check the dependencies for known vulnerabilities (needs the network)
	$(CARGO_DENY) check --hide-inclusion-graph advisories

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install cargo-deny --locked --root $(TOOLS)

types: document-checks/node_modules/.package-lock.json ## Write docs/openapi.json, docs/PROTOCOL.asyncapi.yaml, docs/METRICS.md and packages/client/src/generated anew
	OWLPOST_UPDATE=1 $(CARGO) test $(WORKSPACE) --test conventions
	cd document-checks && npm run types

fmt: ## Format the Rust code
	$(CARGO) fmt --all
	$(CARGO) fmt $(BARE)

# --- proofs ----------------------------------------------------------------------------------------------------

bench: build bench-peers ## Measure the server side by side with others and write docs/BENCHMARKS.md
	$(TARGET_DIR)/release/owlpost-bench run --server "$(BIN)"

bench-search: ## Measure searches among a million incidents, on the database of the tests
	$(CARGO) run --release --locked -p owlpost --example search_bench

bench-quick: build bench-peers ## The same in three minutes, written nowhere
	$(TARGET_DIR)/release/owlpost-bench run --quick --server "$(BIN)"

# A workspace and a directory of its own: bare socketioxide has its own engine, Owl Post has ours.
BARE := --manifest-path bench/peers/socketioxide/Cargo.toml

bench-peers:
	$(CARGO) build --release --locked $(BARE) --target-dir bench/peers/socketioxide/target

faults: build ## Inject every fault and check that nothing was lost (minutes)
	OWLPOST_BIN="$(BIN)" $(TARGET_DIR)/release/owlpost-faults --write docs/RELIABILITY.md

$(TOOLS)/bin/cargo-about:
	$(CARGO) install cargo-about --features cli --locked --root $(TOOLS)

$(TOOLS)/bin/cargo-cyclonedx:
	$(CARGO) install cargo-cyclonedx --locked --root $(TOOLS)

release: web packages/client/node_modules/.package-lock.json $(TOOLS)/bin/cargo-about $(TOOLS)/bin/cargo-cyclonedx ## Pack program, manual, manifests, licences and SBOMs into dist
	@$(CARGO) build --release --locked -p owlpost
	PATH="$(TOOLS)/bin:$$PATH" BIN="$(BIN)" deploy/release/pack.sh

check-deploy: ## Feed the files of deploy to the programs that read them; installs these where it may
	deploy/check.sh --install

image-check: ## Run the steps of the Dockerfile in clean Debian roots, without a container engine
	deploy/image-check.sh

attack: build ## Try every attack and check that nobody else notices (a minute)
	OWLPOST_BIN="$(BIN)" $(TARGET_DIR)/release/owlpost-attacks --write docs/ATTACKS.md

# Each target has this long, after a build of its own. Of some targets only: make fuzz FUZZ_TARGETS="polling-bodies".
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=

test-traces: ## Run the tests of traces, which are built in only where they are asked for
	$(CARGO) test --release --locked -p owlpost --features opentelemetry --test server traces::

fuzz: ## Fuzz everything that reads what strangers send, guided by coverage, FUZZ_SECONDS each
	OWLPOST_FUZZ_DIR="$(CACHE)/fuzz" crates/fuzzing/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

clean: ## Remove what was built; data directories stay
	$(CARGO) clean
	rm -rf web/dist web/node_modules packages/client/dist packages/client/node_modules client-compat-tests/node_modules document-checks/node_modules
