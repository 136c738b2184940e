# Commands for contributors. They need Go, git and make. Make builds all other tools from pinned sources on first use.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# go tool builds a tool once, into Go's build cache. A separate module keeps its dependencies out of the operator's.
TOOL := go tool -modfile=$(CURDIR)/hack/tools/go.mod
# The release tools (Helm 4, and 3 for a test; kustomize) and their checks (govulncheck, actionlint, shfmt) have another module,
# because they have many dependencies and share few with the linters.
DEPLOY := go tool -modfile=$(CURDIR)/hack/deploy/go.mod
TOOL_MODULES := ./hack/tools ./hack/deploy

# Every Go module of the repository: the operator, its tools, the control plane, and tests with separate dependencies.
MODULES := $(patsubst %/go.mod,%,$(shell find . -name go.mod -not -path './.*'))
TEST_MODULES := $(filter ./test/%,$(MODULES))

# The output of make generate.
GENERATED := ':(glob)**/zz_generated.*' config/crd config/rbac PROJECT charts/auth0-operator/files config/argocd config/flux docs/reference/api docs/reference/conditions.md

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it

# Build first, then run: go run reports an error after Ctrl-C even if the program exits cleanly.

.PHONY: demo
demo: controlplane ## Run a control plane, the simulator and the operator with the samples; ONCE=1 exits when all are Ready.
	go build -o bin/demo ./hack/demo
	bin/demo $(if $(ONCE),--once)

.PHONY: cluster
cluster: controlplane ## Run a Kubernetes API with the CRDs in the foreground; KUBECONFIG_FILE=… also writes its kubeconfig there.
	go build -o bin/cluster ./hack/cluster
	bin/cluster $(if $(KUBECONFIG_FILE),--kubeconfig $(KUBECONFIG_FILE))

SIMULATOR_ADDR ?= 127.0.0.1:3443
SIMULATOR_CA ?= bin/simulator-ca.crt

.PHONY: simulator
simulator: ## Run the simulator at localhost:3443 with client dev-operator, secret dev-secret; ARGS=… adds flags.
	mkdir -p $(dir $(SIMULATOR_CA))
	go build -o bin/ ./cmd/auth0-simulator
	bin/auth0-simulator --addr $(SIMULATOR_ADDR) --ca-file $(SIMULATOR_CA) \
		--client-id dev-operator --client-secret dev-secret $(ARGS)

OPERATOR_NAMESPACE ?= default

.PHONY: run
run: ## Run the operator against the cluster of your KUBECONFIG; ARGS=… adds flags. It creates a Secret in OPERATOR_NAMESPACE.
	go build -o bin/ ./cmd/manager
	bin/manager --namespace $(OPERATOR_NAMESPACE) $(ARGS)

##@ Develop

.PHONY: generate
generate: ## Generate Go code, CRDs and RBAC from the types of the kinds, then the files of chart, kustomize and reference from these.
	go run ./hack/kinds
	$(TOOL) controller-gen object paths=./api/...
	$(TOOL) controller-gen crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(TOOL) controller-gen rbac:roleName=auth0-operator-manager paths=./controllers/... paths=./internal/... paths=./cmd/... \
		output:rbac:artifacts:config=config/rbac
	go run ./hack/manifests

.PHONY: kind
kind: ## Write the skeleton of a kind and generate the rest: make kind NAME=EmailTemplate RESOURCE=email-templates.
	go run ./hack/scaffold "$(NAME)" "$(RESOURCE)"
	$(MAKE) generate

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
lint-api: ## Lint api/ with the rules of Kubernetes' API reviewers (hack/tools/apilint/golangci.yml).
	go -C hack/tools build -o $(CURDIR)/bin/apilint ./apilint
	bin/apilint run --allow-parallel-runners --config hack/tools/apilint/golangci.yml ./api/...

.PHONY: test
test: controlplane ## Run the tests of all modules; TESTFLAGS=… adds flags of go test, such as '-race -run Lifecycle'.
	go test -timeout 30m $(TESTFLAGS) $$(go list ./... | grep -v /test/integration$$)
	@# Alone, because these tests measure how long the operator takes.
	go test -timeout 50m $(TESTFLAGS) ./test/integration
	set -e; for module in $(TEST_MODULES); do \
		echo "test $$module"; \
		go -C $$module test -timeout 30m $(TESTFLAGS) ./...; \
	done

.PHONY: test-kind
test-kind: controlplane ## Run the tests of one kind, such as KIND=role: its package, its loop in memory, its lifecycle and crashes.
	@kind=$$(tr '[:upper:]' '[:lower:]' <<< '$(KIND)'); kind=$${kind#auth0}; \
	if [ -z "$$kind" ] || [ ! -d config/samples/auth0$$kind ]; then \
		echo "KIND=$(KIND) is no kind; take one of: $$(cd config/samples && ls -d auth0* | sed 's/^auth0//' | xargs)"; exit 1; \
	fi; \
	set -ex; \
	go test $(TESTFLAGS) $$(go list ./controllers/... ./internal/tokens | grep -E "/$${kind}s?$$"); \
	go test -timeout 10m $(TESTFLAGS) ./controllers ./test/integration \
		-run "^Test(Fixtures|Paths|LostWrites|LostAnswers|Lifecycle|Crash)$$/(?i)^auth0$$kind($$|_)"

.PHONY: mutate
mutate: controlplane ## Remove the guards of the reconcile loop, one at a time, and expect a test to fail; ARGS='-run REGEXP' selects some.
	go build -o bin/mutate ./hack/mutate
	bin/mutate $(ARGS)

.PHONY: conformance
conformance: ## Replay recorded traffic of Auth0 against the simulator, and show how much of it agrees.
	cd test/conformance && go run .

.PHONY: bench
bench: controlplane ## Measure the operator (docs/benchmarks.md) for an hour or more; ARGS='-scenario create -n 100' runs a part.
	go run ./test/bench $(ARGS)

.PHONY: verify
verify: verify-generated verify-format verify-tidy verify-shell verify-workflows verify-subjects verify-words vet lint lint-api verify-vulnerabilities ## Run all static checks.

.PHONY: verify-generated
verify-generated: generate ## Check that the generated files are up to date and committed.
	changed=$$(git status --porcelain --untracked-files=all -- $(GENERATED)); \
	if [ -n "$$changed" ]; then \
		echo "generated files are not up to date; run make generate and commit them:"; \
		echo "$$changed"; git --no-pager diff -- $(GENERATED); \
		exit 1; \
	fi

.PHONY: verify-format
verify-format: ## Check that all Go files are formatted.
	unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted; run make fmt:"; echo "$$unformatted"; exit 1; fi

.PHONY: verify-tidy
verify-tidy: ## Check that go mod tidy changes no module.
	set -e; for module in $(MODULES); do \
		go -C $$module mod tidy -diff || { echo "run: go -C $$module mod tidy"; exit 1; }; \
	done

.PHONY: verify-shell
verify-shell: ## Check the scripts with shfmt, and with shellcheck if it is installed.
	hack/verify-shell.sh

.PHONY: verify-workflows
verify-workflows: ## Check the workflows in .github with actionlint.
	$(DEPLOY) github.com/rhysd/actionlint/cmd/actionlint

# The rule applies to commits after this one. A shallow clone may have neither.
SUBJECTS_SINCE := cf316d9

.PHONY: verify-subjects
verify-subjects: ## Check that commit subjects have at most 72 characters and one change.
	range=HEAD; if git cat-file -e $(SUBJECTS_SINCE) 2>/dev/null; then range=$(SUBJECTS_SINCE)..HEAD; fi; \
	wrong=$$(git log --no-merges --format='%h %s' $$range | sed -nE '/^[0-9a-f]+ ([^A-Z]|.*;|.*\.$$|.{73})/p'); \
	if [ -n "$$wrong" ]; then \
		echo "a commit subject must start with a capital, name one change, and have at most 72 characters and no full stop:"; \
		echo "$$wrong"; \
		exit 1; \
	fi

.PHONY: verify-words
verify-words: ## Check that identifiers use standard words and those of docs/glossary.md.
	go run ./hack/words

.PHONY: verify-vulnerabilities
verify-vulnerabilities: ## Check for calls with known vulnerabilities (govulncheck; needs vuln.go.dev or GOVULNDB).
	hack/govulncheck.sh

.PHONY: vet
vet: ## Run go vet on every module.
	set -e; for module in $(filter-out $(TOOL_MODULES),$(MODULES)); do go -C $$module vet ./...; done

##@ Build

.PHONY: build
build: ## Build the programs into bin/; GOARCH=arm64 builds for another architecture.
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

VERSION ?= $(or $(shell git describe --tags --dirty --match 'v*' 2>/dev/null),dev)

.PHONY: dist
dist: ## Build the release files into dist/: install.yaml for kubectl, the chart for Helm, the programs for Linux.
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
controlplane: ## Build kube-apiserver, etcd and kubectl from source: takes minutes once, then cached for all checkouts.
	go -C hack/controlplane run ./build

.PHONY: clean
clean: ## Remove the build output of this checkout (the control plane stays cached).
	rm -rf bin dist .demo
