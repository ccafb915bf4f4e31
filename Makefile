# svcnat and svcctl. What each target does: make help
#
# Everything built lands in build/; kernels for the tests are built once and
# kept in ~/.cache/svcnat (SVCNAT_CACHE= moves it).

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
SECONDS ?= 60

.PHONY: all module svcctl tools unit demo check check-debug check-kernels check-stress \
	check-style check-unit check-cli check-kunit check-e2e check-newest check-mutants bench install uninstall \
	dkms-install dkms-remove clean help

all: svcctl module

help:
	@echo 'make                 svcnat.ko for the running kernel (or KDIR=) and build/svcctl'
	@echo 'make demo            see it work on a stock Debian kernel in a virtual machine'
	@echo 'make check           style, unit, command line, KUnit and end-to-end tests in a User-Mode Linux guest'
	@echo '     check-style check-unit check-cli check-kunit check-e2e   one part of it'
	@echo 'make check-debug     end-to-end on a kernel with KASAN, lockdep and kmemleak'
	@echo 'make check-kernels   end-to-end on stock Debian kernels, installed by DKMS'
	@echo 'make check-newest    compile the module for the newest kernel in Debian sid'
	@echo 'make check-mutants   breaks one feature after the other: its test has to notice'
	@echo 'make check-stress    churn, traffic and reloads on two processors with KASAN [SECONDS=$(SECONDS)]'
	@echo 'make bench           svcnat beside its peers'
	@echo 'make install         svcctl and its systemd unit [PREFIX=$(PREFIX) DESTDIR=]; make uninstall'
	@echo 'make dkms-install    the module, rebuilt by DKMS with every new kernel; make dkms-remove'
	@echo 'make clean           remove build/'

module:
	@test -e $(KDIR)/Makefile || { \
		echo "make: svcnat.ko needs the headers of kernel $$(uname -r), and $(KDIR) is not there." >&2; \
		echo "      Install linux-headers-$$(uname -r), or name another kernel with KDIR=." >&2; \
		exit 1; }
	@mkdir -p build/kmod && cp -rsTf $(CURDIR)/kmod build/kmod/kmod && ln -sf $(CURDIR)/Kbuild build/kmod/Kbuild
	$(MAKE) -C $(KDIR) M=$(CURDIR)/build/kmod modules

svcctl:
	@$(MAKE) --no-print-directory -C userspace

# Both build the library, so one after the other.
tools: svcctl
	@$(MAKE) --no-print-directory -C userspace tools

unit:
	@$(MAKE) --no-print-directory -C userspace SANITIZE=1 unit fuzz

check:
	@tests/run-suite style unit cli kunit e2e

check-style check-unit check-cli check-kunit check-e2e: check-%:
	@tests/run-suite $*

check-debug:
	@tests/run-suite detectors 'kunit uml-debug' 'e2e uml-debug'

check-kernels:
	@tests/run-suite 'stock 6.1' 'stock 6.12'

check-mutants:
	@tests/run-suite mutants

check-newest:
	@tests/run-suite 'compile newest'

check-stress:
	@tests/run-suite 'kunit uml-smp' 'stress $(SECONDS)'

demo bench:
	@tests/$@/run

install: svcctl
	install -D -m 755 build/svcctl $(DESTDIR)$(PREFIX)/sbin/svcctl
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' userspace/svcctl.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/svcctl.service

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/svcctl
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/svcctl.service

# With DESTDIR the sources are laid out for somebody's package, nothing is built. Modules
# of before go first, whatever their version: they would be built for every new kernel, too.
dkms-install:
ifdef DESTDIR
	tests/vm/dkms-tree $(DESTDIR)/usr/src/svcnat-$(VERSION)
else
	@tests/vm/deps dkms
	tests/vm/dkms-forget
	tests/vm/dkms-tree /usr/src/svcnat-$(VERSION)
	dkms install -m svcnat -v $(VERSION)
endif

dkms-remove:
	tests/vm/dkms-forget

clean:
	rm -rf build
