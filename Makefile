# The names people expect for scripts/, which also run without make.
.PHONY: all run build test bench format fuzz install
PREFIX ?= /usr/local

all: build

run build test bench format fuzz:
	@scripts/$@

install:
	@scripts/install "$(PREFIX)"
