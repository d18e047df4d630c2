# Thin: every recipe calls the host tool `restante`, which host-tools/setup makes ready first.
#
#   make run      build the image, boot it, show it at work      (root: it makes namespaces)
#   make test     everything once, samples of the long tests
#   make check    under a minute, before each commit
#   make lint     style and static checks
#   make bench    figures beside named peers
#   make soak     the long tests in full
#   make image BOARD=orangepi-pc   an image of another board
#   make stop     end a box that `make run` left up

SHELL := /bin/sh
TOOL := ./host-tools/setup
BOARD := virt

.PHONY: help run stop test check lint bench soak build image verify buildroot clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

# What is missing is said, or installed, before minutes of building.
run:
	@$(TOOL) ready
	@$(TOOL) build image
	@$(TOOL) run

stop test check lint bench soak build:
	@$(TOOL) $@

image:
	@$(TOOL) build image --board $(BOARD)

verify:
	@$(TOOL) build verify

buildroot:
	@test -n "$(BUILDROOT)" || { echo "Say which tree: make buildroot BUILDROOT=path" >&2; exit 2; }
	@$(TOOL) build buildroot "$(BUILDROOT)"

# Keeps the caches of sources and builds; `rm -rf build` takes those too.
clean:
	@$(TOOL) clean
