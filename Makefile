# make          builds; then bin/ottava runs what was built
# make demo     trains a small language model on this project's own text, a few minutes from a fresh clone
# make test     passes the tests
# make check    formatting and static analysis
# make format   formats the sources
# make cuda-check  compiles the CUDA kernels with nvcc, refuses registers that spill, and writes cmake/kernel-resources.txt
# Each installs what is missing on Debian or Ubuntu when run as root, and otherwise prints the line to type.

MAVEN := mvn -B -ntp
C_SOURCES = $(shell git ls-files 'native/*.h' 'native/*.cpp' 'src/main/cuda/*.h' 'src/main/cuda/*.cpp' 'src/main/cuda/*.cuh')

.PHONY: build demo test check cuda-check format clean setup

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

check: setup
	@bin/setup clang-format
	$(MAVEN) -q -Pspotless spotless:check
	clang-format --dry-run -Werror $(C_SOURCES)
	$(MAVEN) -q -Perrorprone process-classes

cuda-check: setup
	$(MAVEN) -q generate-resources
	@cat target/native-build/cuda/summary.txt
	cp target/native-build/cuda/resources.txt cmake/kernel-resources.txt

format: setup
	@bin/setup clang-format
	$(MAVEN) -q -Pspotless spotless:apply
	clang-format -i $(C_SOURCES)

clean:
	rm -rf target

setup:
	@bin/setup javac mvn g++ cmake make git
