# Login Guard. `make demo` is the place to start.

GO  ?= go
BIN := bin/login-guard

.DEFAULT_GOAL := build
.PHONY: build demo eval test shops shops-npm lab faults protocol fuzz bench bench-bots screenshots a11y lint

# The gateway: Caddy with Login Guard built in.
build:
	@mkdir -p $(dir $(BIN))
	@echo "Building $(BIN); the first time takes a few minutes."
	@$(GO) build -o $(BIN) ./cmd/login-guard

# A small shop with the gateway in front, on http://localhost:8080. Ctrl-C
# ends it. Another port: make demo ARGS='--port 8081'
demo: build
	@./$(BIN) demo $(ARGS)

test:
	bash test/run.sh

# Real shops from packages, WordPress and Django, with the gateway in front.
shops: build
	bash test/shops/run.sh

# Vendure and EverShop from npm, with the gateway in front. Four minutes the
# first time.
shops-npm:
	bash test/shops/npm.sh $(ARGS)

# Small login apps of many makes behind the gateway, and requests that they
# read in different ways. LAB_COUNT and LAB_SEED change the run.
lab:
	bash test/lab/run.sh

# What takes longer of the protocols: h2spec, GoTestWAF, slowhttptest, and a
# gibibyte each way.
protocol:
	bash test/protocol/run.sh

# Every fuzz target, one after the other, 10 minutes each: three hours.
# Shorter, or only some: make fuzz FUZZTIME=30s FUZZ_ONLY=JSON
fuzz:
	@bash test/fuzz.sh

# What it costs, beside bare Caddy and caddy-ratelimit. QUICK=1 for less of
# everything; ARGS=-json for machines.
bench:
	@bash bench/run.sh $(if $(QUICK),-quick) $(ARGS)

# Who passes a check without being a person, how often and at what price:
# meant for 45 minutes on two idle cores. QUICK=1 for less of everything, in six.
bench-bots:
	@bash bench/bots/run.sh $(if $(QUICK),-quick) $(ARGS)

# Whom the guard asks and what it lets through, on made-up logs of many kinds:
# writes docs/evaluation.md, in some minutes. SSHD_LOG=FILE adds a log of
# sshd; QUICK=1 takes one seed of each kind and prints.
eval:
	@$(GO) run ./test/eval -held $(if $(QUICK),-quick,-out docs/evaluation.md) $(if $(SSHD_LOG),-sshd $(SSHD_LOG)) $(ARGS)

# What several gateways and their store do when something breaks, at length:
# twenty minutes. `make test` has the short form. FAULTS_KILLS, FAULTS_SECONDS
# and FAULTS_OLD change the run.
faults:
	bash test/faults/run.sh

# Every page in every state in every language, and the slow way to its end;
# see docs/accessibility.md. Half an hour.
a11y:
	bash test/a11y.sh

# The pictures of the README, drawn anew.
screenshots:
	bash test/screenshots.sh

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then \
		echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
