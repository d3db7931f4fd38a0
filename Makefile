# SPDX-License-Identifier: MIT
# A thin front of meson: each target installs what it misses (Debian 12, root or sudo) and says
# so in a line. What is built and tested is described in the meson.build files.

.PHONY: all demo check check-vm check-package bench fuzz soak lint coverage clean

BUILD = build
CHECK_BUILD = build-check

all: | build/build.ninja
	@ninja -C $(BUILD) --quiet

build/build.ninja:
	@mkdir -p $(@D)
	@tools/install-packages build
	@meson setup $(BUILD) >$(BUILD).log || { cat $(BUILD).log; exit 1; }

demo: all
	@examples/demo

# Everything that needs no VM, with the sanitizers on.
check:
	@tools/check $(CHECK_BUILD)

# Real Linux guests. The image is made once and cached outside of the tree.
check-vm: all
	@tests/vm/build-image >/dev/null
	@SWCXL=$(CURDIR)/$(BUILD)/swcxl SWCXLCTL=$(CURDIR)/$(BUILD)/swcxlctl tests/vm/run

# The Debian packages: built, installed and used in chroots. SUITE=trixie for Debian 13.
SUITE = bookworm
check-package:
	@tools/check-package $(SUITE)

# Each fuzz target for so long, after having shown that it finds a planted defect.
SECONDS = 60
fuzz:
	@tools/install-packages check
	@tests/fuzz/run $(SECONDS)

# The model test against a process that is killed again and again: an hour, or SECONDS=....
soak: SECONDS = 3600
soak:
	@tools/install-packages check
	@tests/soak/run $(SECONDS)

bench: all
	@tools/install-packages bench
	@BUILD=$(CURDIR)/$(BUILD) bench/run

# What clang-tidy, cppcheck and shellcheck find.
lint:
	@tools/lint

# What of src the tests reach (docs/COVERAGE.md).
coverage:
	@tools/coverage

clean:
	rm -rf $(BUILD) $(BUILD).log $(CHECK_BUILD) $(CHECK_BUILD)-clang build-fuzz build-soak build-coverage build-mutate
