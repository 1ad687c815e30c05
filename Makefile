# Every target is what CI runs; `make test` and `make demo` install what is missing and say so.
.PHONY: build setup fmt lint test race fuzz e2e bench bench-masked sqlsmith regress demo

build: ; go build -o bin/cordon ./cmd/cordon
setup: ; ./scripts/setup
fmt: ; @out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
lint: fmt
	go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...
test: setup lint
	go test -timeout 60m ./...
race: ; go test -race ./proxy ./rewrite/catalog ./config
fuzz: ; ./scripts/fuzz
e2e: setup ; go test -timeout 60m ./e2e/...
bench: setup ; go test ./masking ./rewrite ./e2e -run '^$$' -bench . -skip Regress -timeout 60m
bench-masked: setup ; go test ./e2e -run '^$$' -bench Masked -timeout 30m -args -rounds 3
sqlsmith: setup
	./scripts/setup sqlsmith
	go test ./e2e -run TestSmith -v -timeout 8h -args -smith $(or $(QUERIES),20000) -seed $(or $(SEED),1)
regress: setup
	./scripts/postgres-source
	go test ./e2e -run '^$$' -bench Regress -benchtime 1x -timeout 120m -args -regress-report $(CURDIR)/docs/regress.md
demo: build
	./scripts/setup demo
	./bin/cordon demo
