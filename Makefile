# The commands of this repository. Each installs what it lacks (scripts/install-deps.sh) and may be run on a fresh
# Debian 12. `make run` and `make test` are all that most people need.

JOBS ?= $(shell nproc)
CONFIG ?= deploy/sample/heed.toml
FUZZ_SECONDS ?= 600
KILLS ?= 500
JOURNAL ?= sqlite
SEED ?= 1
SEEDS ?= 1..500
BUDGET ?= 200

.PHONY: run test build bench asan tsan fuzz fuzz-stories torture simulate mutants format tidy clean

run: build
	@mkdir -p var
	build/heed run --config $(CONFIG)

build:
	@scripts/install-deps.sh build
	@cmake --preset release -DHEED_TESTS=OFF > /dev/null
	@cmake --build build -j $(JOBS) --target heed_app

test:
	@scripts/install-deps.sh
	@cmake --preset dev -B build/test -DHEED_TESTS=ON > /dev/null
	@cmake --build build/test -j $(JOBS)
	@ctest --test-dir build/test --output-on-failure -j $(JOBS) $(CTEST_ARGS)

bench:
	@scripts/install-deps.sh
	@cmake --preset release -DHEED_TESTS=OFF -DHEED_BENCH=ON > /dev/null
	@cmake --build build -j $(JOBS)
	@bench/postgres.sh bench/run.sh build

asan:
	@scripts/install-deps.sh
	@cmake --preset asan > /dev/null
	@cmake --build build/asan -j $(JOBS)
	@UBSAN_OPTIONS=print_stacktrace=1:suppressions=$(CURDIR)/tests/support/ubsan.supp \
	 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/support/lsan.supp \
	 ctest --test-dir build/asan --output-on-failure -j $(JOBS) $(CTEST_ARGS)

tsan:
	@scripts/install-deps.sh
	@cmake --preset tsan > /dev/null
	@cmake --build build/tsan -j $(JOBS)
	@TSAN_OPTIONS=suppressions=$(CURDIR)/tests/support/tsan.supp \
	 ctest --test-dir build/tsan --output-on-failure -j $(JOBS) -L unit $(CTEST_ARGS)

fuzz:
	@scripts/install-deps.sh
	@cmake --preset fuzz > /dev/null
	@cmake --build build/fuzz -j $(JOBS) --target fuzzers
	@FUZZ_JOBS=$(JOBS) tests/fuzz/run.sh build/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

fuzz-stories:
	@scripts/install-deps.sh
	@cmake --preset fuzz-stories > /dev/null
	@cmake --build build/fuzz-stories -j $(JOBS) --target fuzz_position fuzz_risk
	@FUZZ_JOBS=$(JOBS) tests/fuzz/run.sh build/fuzz-stories $(FUZZ_SECONDS) position risk

torture:
	@scripts/install-deps.sh
	@cmake --preset release -DHEED_TESTS=OFF -DHEED_BENCH=ON > /dev/null
	@cmake --build build -j $(JOBS) --target heed_app bench_ready
	@mkdir -p build/torture
	@test $(JOURNAL) != sqlite -o -e build/torture/past.db || build/bench/bench_ready --past build/torture/past.db paper
	@python3 tests/torture/torture.py --heed build/heed --kills $(KILLS) --seed $(SEED) --journal $(JOURNAL) \
	 $(if $(filter sqlite,$(JOURNAL)),--past build/torture/past.db) --json build/torture/$(JOURNAL).json $(TORTURE_ARGS)

simulate:
	@scripts/install-deps.sh build
	@cmake --preset release -DHEED_TESTS=OFF > /dev/null
	@cmake --build build -j $(JOBS) --target heed_app
	build/heed simulate --seeds $(SEEDS) --faults heavy --twice-every 1 $(SIMULATE_ARGS)

mutants:
	@scripts/install-deps.sh
	@cmake --preset mutants > /dev/null
	@cmake --build build/mutants -j $(JOBS) --target mutants actors_tests position_tests persistence_tests
	build/mutants/mutants --tests $(MUTANTS)
	build/mutants/mutants --budget $(BUDGET) $(MUTANTS)

format:
	@scripts/sources.sh | xargs clang-format -i

tidy:
	@scripts/install-deps.sh
	@scripts/sources.sh | xargs clang-format --dry-run -Werror
	@cmake --preset tidy > /dev/null
	@for file in $${FILES:-$$(scripts/sources.sh | grep '\.cpp$$')}; do echo $$file; done | \
	 xargs -P $(JOBS) -n 1 clang-tidy -p build/tidy --quiet

clean:
	rm -rf build
