# Everything a contributor needs. It takes Go, git and make; all else is built from pinned sources on first use.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# go tool builds a tool once and keeps it in Go's build cache; the module of its own keeps it out of the operator's.
TOOL := go tool -modfile=$(CURDIR)/hack/tools/go.mod
# What delivers (Helm 4, and 3 for a test; kustomize) and what guards delivery (govulncheck, actionlint, shfmt) has a module of
# its own: its dependencies are many, and not those of the linters.
DEPLOY := go tool -modfile=$(CURDIR)/hack/deploy/go.mod
TOOL_MODULES := ./hack/tools ./hack/deploy

# Every Go module of the repository: the operator, its tools, the control plane, tests with dependencies of their own.
MODULES := $(patsubst %/go.mod,%,$(shell find . -name go.mod -not -path './.*'))
TEST_MODULES := $(filter ./test/%,$(MODULES))

# What make generate writes.
GENERATED := ':(glob)api/**/zz_generated.*' config/crd config/rbac PROJECT charts/auth0-operator/files config/argocd config/flux docs/reference/api docs/reference/conditions.md

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it

# Built and then run, not go run: that turns the orderly end after Ctrl-C into an error.

.PHONY: demo
demo: controlplane ## Control plane, simulator and operator with the samples; ONCE=1 exits when all is Ready.
	go build -o bin/demo ./hack/demo
	bin/demo $(if $(ONCE),--once)

.PHONY: cluster
cluster: controlplane ## A Kubernetes API with our CRDs in the foreground; KUBECONFIG_FILE=… also writes its kubeconfig there.
	go build -o bin/cluster ./hack/cluster
	bin/cluster $(if $(KUBECONFIG_FILE),--kubeconfig $(KUBECONFIG_FILE))

SIMULATOR_ADDR ?= 127.0.0.1:3443
SIMULATOR_CA ?= bin/simulator-ca.crt

.PHONY: simulator
simulator: ## An Auth0 tenant at localhost:3443 with client dev-operator, secret dev-secret; ARGS=… adds flags.
	mkdir -p $(dir $(SIMULATOR_CA))
	go build -o bin/ ./cmd/auth0-simulator
	bin/auth0-simulator --addr $(SIMULATOR_ADDR) --ca-file $(SIMULATOR_CA) \
		--client-id dev-operator --client-secret dev-secret $(ARGS)

OPERATOR_NAMESPACE ?= default

.PHONY: run
run: ## The operator against the cluster of your current KUBECONFIG; ARGS=… adds flags. It keeps a Secret in OPERATOR_NAMESPACE.
	go build -o bin/ ./cmd/manager
	bin/manager --namespace $(OPERATOR_NAMESPACE) $(ARGS)

##@ Develop

.PHONY: generate
generate: ## Write deep copies, CRDs and RBAC from the Go sources, and from these what chart, kustomize and reference need.
	set -e; if [ -d api ]; then \
		$(TOOL) controller-gen object paths=./api/...; \
		$(TOOL) controller-gen crd paths=./api/... output:crd:artifacts:config=config/crd/bases; \
	fi
	set -e; if [ -d controllers ]; then \
		$(TOOL) controller-gen rbac:roleName=auth0-operator-manager paths=./controllers/... paths=./internal/... paths=./cmd/... \
			output:rbac:artifacts:config=config/rbac; \
	fi
	go run ./hack/manifests

.PHONY: fmt
fmt: ## Format the Go sources and sort their imports.
	$(TOOL) golangci-lint fmt ./...

.PHONY: lint
lint: ## Run golangci-lint on every module (.golangci.yml).
	set -e; for module in $(filter-out $(TOOL_MODULES),$(MODULES)); do \
		echo "lint $$module"; \
		(cd $$module && $(TOOL) golangci-lint run --allow-parallel-runners --config $(CURDIR)/.golangci.yml ./...); \
	done

.PHONY: lint-api
lint-api: ## Run the rules of Kubernetes' API reviewers on api/ (hack/tools/apilint/golangci.yml).
	go -C hack/tools build -o $(CURDIR)/bin/apilint ./apilint
	bin/apilint run --allow-parallel-runners --config hack/tools/apilint/golangci.yml ./api/...

.PHONY: test
test: controlplane ## Run all tests, of all modules; TESTFLAGS=… for go test, as in TESTFLAGS='-race -run Lifecycle'.
	go test -timeout 30m $(TESTFLAGS) $$(go list ./... | grep -v /test/integration$$)
	@# By themselves: they hold the operator to times.
	go test -timeout 50m $(TESTFLAGS) ./test/integration
	set -e; for module in $(TEST_MODULES); do \
		echo "test $$module"; \
		go -C $$module test -timeout 30m $(TESTFLAGS) ./...; \
	done

.PHONY: mutate
mutate: controlplane ## Take out the guards of the loop, one at a time, and see that a test fails; ARGS='-run REGEXP' for some.
	go build -o bin/mutate ./hack/mutate
	bin/mutate $(ARGS)

.PHONY: conformance
conformance: ## Replay recorded traffic of Auth0 against the simulator, and show how far they agree.
	cd test/conformance && go run .

.PHONY: bench
bench: controlplane ## Measure the operator (docs/benchmarks.md): an hour and more; ARGS='-scenario create -n 100' for a part.
	go run ./test/bench $(ARGS)

.PHONY: verify
verify: verify-generated verify-format verify-tidy verify-shell verify-workflows verify-subjects verify-words vet lint lint-api verify-vulnerabilities ## All that needs no running.

.PHONY: verify-generated
verify-generated: generate ## The generated files are those of the sources, and committed.
	changed=$$(git status --porcelain --untracked-files=all -- $(GENERATED)); \
	if [ -n "$$changed" ]; then \
		echo "generated files differ from what is committed; run make generate and commit them:"; \
		echo "$$changed"; git --no-pager diff -- $(GENERATED); \
		exit 1; \
	fi

.PHONY: verify-format
verify-format: ## All Go files are formatted.
	unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted; run make fmt:"; echo "$$unformatted"; exit 1; fi

.PHONY: verify-tidy
verify-tidy: ## go.mod and go.sum of every module are complete, with nothing too many.
	set -e; for module in $(MODULES); do \
		go -C $$module mod tidy -diff || { echo "run: go -C $$module mod tidy"; exit 1; }; \
	done

.PHONY: verify-shell
verify-shell: ## The scripts pass shfmt, and shellcheck if you have it.
	hack/verify-shell.sh

.PHONY: verify-workflows
verify-workflows: ## The workflows of .github are what GitHub understands (actionlint).
	$(DEPLOY) github.com/rhysd/actionlint/cmd/actionlint

# Commits up to this one were made before the rule. A shallow clone may not have it, nor they.
SUBJECTS_SINCE := cf316d9

.PHONY: verify-subjects
verify-subjects: ## The subjects of commits have at most 72 characters, and one change each.
	range=HEAD; if git cat-file -e $(SUBJECTS_SINCE) 2>/dev/null; then range=$(SUBJECTS_SINCE)..HEAD; fi; \
	wrong=$$(git log --no-merges --format='%h %s' $$range | sed -nE '/^[0-9a-f]+ ([^A-Z]|.*;|.*\.$$|.{73})/p'); \
	if [ -n "$$wrong" ]; then \
		echo "subjects begin with a capital, have at most 72 characters, one change, and no full stop:"; \
		echo "$$wrong"; \
		exit 1; \
	fi

.PHONY: verify-words
verify-words: ## Identifiers are made of standard words and those of docs/glossary.md.
	go run ./hack/words

.PHONY: verify-vulnerabilities
verify-vulnerabilities: ## Nothing with a known vulnerability is called (govulncheck; needs vuln.go.dev or GOVULNDB).
	hack/govulncheck.sh

.PHONY: vet
vet: ## Run go vet on every module.
	set -e; for module in $(filter-out $(TOOL_MODULES),$(MODULES)); do go -C $$module vet ./...; done

##@ Build

.PHONY: build
build: ## Build the programs into bin/; GOARCH=arm64 for another machine than this.
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

VERSION ?= $(or $(shell git describe --tags --dirty --match 'v*' 2>/dev/null),dev)

.PHONY: dist
dist: ## Build what people install, into dist/: install.yaml for kubectl, the chart for Helm, the programs for Linux.
	rm -rf dist && mkdir -p dist
	$(DEPLOY) sigs.k8s.io/kustomize/kustomize/v5 build config/default > dist/install.yaml
	$(DEPLOY) helm.sh/helm/v4/cmd/helm package charts/auth0-operator --destination dist $(if $(filter v%,$(VERSION)),--version $(VERSION:v%=%) --app-version $(VERSION))
	set -e; for arch in amd64 arm64; do \
		GOOS=linux GOARCH=$$arch CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o dist/linux-$$arch/ ./cmd/...; \
	done

IMAGE ?= auth0-operator:dev

.PHONY: image
image: ## Build the container image IMAGE (needs docker).
	docker build -t $(IMAGE) .

.PHONY: controlplane
controlplane: ## Build kube-apiserver, etcd and kubectl from source: minutes once, then cached for all checkouts.
	go -C hack/controlplane run ./build

.PHONY: clean
clean: ## Remove what was built in this checkout (the control plane stays cached).
	rm -rf bin dist .demo
