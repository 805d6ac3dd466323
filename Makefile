# make          builds; then bin/ottava runs what was built
# make demo     trains a small language model on this project's own text, a few minutes from a fresh clone
# make test     passes the tests
# make test-long  passes those that take too long for every commit too (docs/contributing.md)
# make check    formatting and static analysis
# make format   formats the sources
# make cuda-check  compiles the CUDA kernels with nvcc, refuses registers that spill, and writes cmake/kernel-resources.txt
# make gpu-bundle  packs everything for a machine with a GPU but no Java (docs/gpu-bundle.md)
# make natives  builds the natives of linux-arm64 and windows-x86_64 too, on linux-x86_64 (docs/platforms.md)
# make natives-test  checks those, and runs tests of linux-arm64 under qemu
# make repository  writes what this machine builds into a Maven repository in target/repository
# make consumer    builds and runs examples/consumer from that repository, as a stranger would
# make release     writes everything of a release into target/release, a Maven repository: all natives, sources, javadoc, SBOM
# Each installs what is missing on Debian or Ubuntu when run as root, and otherwise prints the line to type.

MAVEN := mvn -B -ntp
C_SOURCES = $(shell git ls-files 'native/*.h' 'native/*.cpp' 'src/main/cuda/*.h' 'src/main/cuda/*.cpp' 'src/main/cuda/*.cuh')

.PHONY: build demo test test-long check cuda-check gpu-bundle natives natives-test repository consumer release format clean setup

build: setup
	$(MAVEN) -q -DskipTests package
	@cat target/native-build/cuda/summary.txt
	@echo "Built: bin/ottava --help"

demo: build
	bin/ottava demo

test: setup
	$(MAVEN) test || { bin/slowest-tests; exit 1; }
	@bin/slowest-tests
	@cat target/gpu-tests.txt

# In more schedules of the simt device; with the tests tagged `long`; the whole suite once more on Java 25 where there is one;
# and what a bundle for a GPU machine can do without one.
SCHEDULES := forward,reverse,seed:1,seed:2,seed:3,seed:4,seed:5,seed:6,seed:7,seed:8,seed:9
JAVA_25 ?= $(firstword $(wildcard /usr/lib/jvm/*-25-*/bin/java))

test-long: setup
	$(MAVEN) test -DexcludedGroups=none -Dottava.simt.schedules=$(SCHEDULES) || { bin/slowest-tests; exit 1; }
	@bin/slowest-tests
	$(if $(JAVA_25),$(MAVEN) test -Djvm=$(JAVA_25),@echo "No Java 25 in /usr/lib/jvm: JAVA_25=.../bin/java names one")
	$(if $(wildcard bundle/prove),$(MAKE) gpu-bundle && bundle/prove)

check: setup
	@bin/setup clang-format
	$(MAVEN) -q -Pspotless spotless:check
	clang-format --dry-run -Werror $(C_SOURCES)
	$(MAVEN) -q -Perrorprone process-classes

cuda-check: setup
	$(MAVEN) -q generate-resources
	@cat target/native-build/cuda/summary.txt
	cp target/native-build/cuda/resources.txt cmake/kernel-resources.txt

gpu-bundle: build
	bundle/build

natives: build
	@bin/setup aarch64-linux-gnu-g++ x86_64-w64-mingw32-g++-posix
	native/cross.sh linux-arm64
	native/cross.sh windows-x86_64
	@ls -l target/dist/lib/ottava-*-*.jar target/natives/*.jar

natives-test: release
	$(MAVEN) -q surefire:test -Dtest=NativesTest
	native/arm64/test

repository: setup
	bin/repository target/repository

consumer: repository
	examples/consumer/run target/repository linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x86_64) java $(JAVA_25)

release: natives
	bin/repository target/release -Prelease

format: setup
	@bin/setup clang-format
	$(MAVEN) -q -Pspotless spotless:apply
	clang-format -i $(C_SOURCES)

clean:
	rm -rf target

setup:
	@bin/setup javac mvn g++ cmake make git
