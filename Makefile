# The names people expect for scripts/, which also run without make.
.PHONY: all run run-rabbitmq run-kafka build test bench format fuzz storm chaos install
PREFIX ?= /usr/local

all: build

run build test bench format fuzz:
	@scripts/$@

run-rabbitmq run-kafka: run-%:
	@scripts/run-broker $*

storm chaos:
	@scripts/$@ $(SECONDS) $(SEED)

install:
	@scripts/install "$(PREFIX)"
