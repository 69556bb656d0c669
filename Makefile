# Two commands: `make book` and `make test`. Each starts from nothing but Python and
# make, says what it does, and can be run again at any time.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Progress bars would stay behind in the outputs of executed notebooks.
export TQDM_DISABLE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help:
	@echo "make book        execute every chapter and build _build/html/index.html"
	@echo "make test        unit tests, then nbval over every chapter"
	@echo "make test-msr    the package's tests alone, without book and coursework"
	@echo "make check       the built pages in Chromium, the notebooks of colab/ in a fresh environment"
	@echo "make pdf         print the book to _build/learning-symmetries.pdf (needs Chromium)"
	@echo "make links       visit the links to other sites"
	@echo "make lint        style, types, imports, formats, what is generated"
	@echo "make package     build sdist and wheel, check them, try the wheel by itself"
	@echo "make chapters    execute the chapters in place, to commit their outputs"
	@echo "make paper       recompute the recorded results (hours on two cores)"
	@echo "make drift       recompute a part of them and compare (a quarter of an hour)"
	@echo "make gpu-test    tests, chapters and a part of the results on a GPU"
	@echo "make colab       write the notebooks of colab/ from those of book/"
	@echo "make coursework  build the assignments for students and for grading"
	@echo "make grade       grade a folder: ASSIGNMENT=1 SUBMISSIONS=folder"
	@echo "make cover       draw the pictures of book/images again"
	@echo "make bench       measure time and memory against other libraries (half an hour)"
	@echo "make repository  write the repository's address where it is needed"
	@echo "make lock        resolve constraints.txt anew from pyproject.toml"
	@echo "make clean       remove _build, $(VENV) and $(VENV)-msr"

# The stamp is written last: an installation that broke off starts anew.
$(INSTALLED): EXTRAS := book,dev,test,coursework
$(VENV)-msr/.installed: EXTRAS := test
$(INSTALLED) $(VENV)-msr/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) > /dev/null || { echo "error: $(PYTHON) not found: install Python 3.11 or newer, or say make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"error: Python 3.11 or newer is needed, {v.major}.{v.minor} found: say make PYTHON=python3.12, for instance")'
	@echo "==> Installing into $(@D) (some minutes and, on Linux with a GPU build of torch, some GB the first time)"
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --constraint constraints.txt --editable ".[$(EXTRAS)]"
	@touch $@

.PHONY: install
install: $(INSTALLED)

# Tests, and chapters, at a time; those of one file in one process, which prepares once what
# they share, and files in the order of their names. (xdist's loadgroup forgets its groups
# under pytest 9.2: pytest-xdist #1386.)
JOBS ?= 2
BY_FILE := --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: book
book: $(INSTALLED)
	@echo "==> Building the book: chapters run unless they did since msr or their code changed"
	$(BIN)/jupyter-book build . --all -W --keep-going
	@test -f _build/html/index.html
	@echo "==> Done: open _build/html/index.html"

.PHONY: check
check: book pdf
	@echo "==> The built pages in Chromium, the notebooks of colab/ in a fresh environment"
	$(BIN)/python -m pytest -q --numprocesses $(JOBS) --dist worksteal --durations 5 tests/delivery
	@echo "==> Done: the pages load, the notebooks run"

.PHONY: pdf
pdf: $(INSTALLED)
	@echo "==> The whole book on one page, then printed"
	$(BIN)/jupyter-book build . --all -W --keep-going --builder custom --custom-builder singlehtml
	$(BIN)/python -m tools.pdf

.PHONY: links
links: $(INSTALLED)
	$(BIN)/jupyter-book build . --all --builder linkcheck

EXECUTED := _build/executed

.PHONY: test
test: $(INSTALLED)
	@echo "==> 1 of 2: unit tests, $(JOBS) at a time"
	$(BIN)/python -m pytest -q $(BY_FILE)
	@echo "==> 2 of 2: every chapter under nbval: executed anew, outputs compared with the committed ones"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q $(BY_FILE) \
		--nbval --nbval-current-env -p tools.kernel_start -p tools.executed --executed $(EXECUTED) book
	$(BIN)/python -m tools.keep_executed $(EXECUTED)
	@echo "==> Done: unit tests and chapters passed"

# Without the book, the coursework and what they need: an environment of its own.
OF_THE_BOOK := coursework delivery repository site

.PHONY: test-msr
test-msr: $(VENV)-msr/.installed
	@echo "==> Tests of the package, $(JOBS) at a time"
	$(VENV)-msr/bin/python -m pytest -q $(BY_FILE) tests $(OF_THE_BOOK:%=--ignore tests/%)
	@echo "==> Done: the tests of msr passed"

.PHONY: lint
lint: $(INSTALLED)
	@echo "==> Style, types, imports, formats: the checks of .pre-commit-config.yaml"
	$(BIN)/pre-commit run --all-files --show-diff-on-failure --color never

# EXTRAS=dev installs what this needs and no more.
.PHONY: package
package: $(INSTALLED)
	@echo "==> Building sdist and wheel; the wheel in an environment of its own"
	$(BIN)/python -m tools.package

.PHONY: chapters
chapters: $(INSTALLED)
	$(BIN)/python -m tools.notebooks

# What the chapters cite: more seeds and longer runs, kept cell by cell. Stop it and start
# it again at any time; delete a file of results/ to compute it anew. Results on a GPU do
# not mix with those of a CPU in results/.
PAPER_SEEDS ?= 20
PAPER_DEVICE ?= $(shell $(BIN)/python -c "import torch; print('cuda' if torch.cuda.is_available() else 'cpu')")
PAPER_RESULTS ?= $(if $(filter cpu,$(PAPER_DEVICE)),results,_build/results-$(PAPER_DEVICE))
# Chapters have small runs besides, which are not recorded.
PAPER := _build/paper

.PHONY: paper
paper: $(INSTALLED)
	@mkdir -p $(PAPER_RESULTS) $(PAPER)
	for experiment in translation ridge bounded-steps rotation support; do \
		echo "==> $$experiment"; \
		$(BIN)/python -m msr reproduce $$experiment --seeds $(PAPER_SEEDS) \
			--device $(PAPER_DEVICE) --out $(PAPER_RESULTS)/$$experiment.json; \
		cp $(PAPER_RESULTS)/$$experiment.json $(PAPER); \
	done
	@echo "==> identify"
	$(BIN)/python -m msr reproduce identify --out results/identify.json
	for chapter in 06-translation 07-rotation-and-flip 08-a-fair-baseline; do \
		echo "==> $$chapter with $(PAPER_SEEDS) seeds"; \
		$(BIN)/papermill book/$$chapter.ipynb $(PAPER)/$$chapter.ipynb \
			--parameters seeds $(PAPER_SEEDS) --parameters device $(PAPER_DEVICE) \
			--parameters results_folder $(PAPER); \
	done
	@echo "==> Done: $(PAPER_RESULTS)/*.json, and the chapters as executed in $(PAPER)"

# Do the recorded results still hold? Some seeds of every experiment, computed anew.
DRIFT_SEEDS ?= 1
DRIFT_DEVICE ?= cpu
DRIFT_EXPERIMENTS ?= translation ridge bounded-steps rotation support

.PHONY: drift
drift: $(INSTALLED)
	rm -rf _build/drift
	status=0; for experiment in $(DRIFT_EXPERIMENTS); do \
		echo "==> $$experiment"; \
		file=_build/drift/$$experiment.json; \
		$(BIN)/python -m msr reproduce $$experiment --seeds $(DRIFT_SEEDS) \
			--device $(DRIFT_DEVICE) --out $$file > /dev/null || status=1; \
		$(BIN)/python -m msr compare $$file || status=1; \
	done; exit $$status
	@echo "==> Done: no mean has moved by more than its recorded interval"

# Fails where there is no GPU. KEEP=1 records the run for the status page.
GPU_DEVICE ?= cuda
KEEP ?=

.PHONY: gpu-test
gpu-test: $(INSTALLED)
	$(BIN)/python -m tools.gpu --device $(GPU_DEVICE) $(if $(KEEP),--keep)
	$(MAKE) drift DRIFT_DEVICE=$(GPU_DEVICE) DRIFT_EXPERIMENTS="translation rotation"

.PHONY: colab
colab: $(INSTALLED)
	$(BIN)/python -m tools.colab

# SEED varies the assignments; STUDENTS, a CSV file with a column "student", makes a
# version for each.
SEED ?= 0
STUDENTS ?=
VERSIONS ?=

.PHONY: coursework
coursework: $(INSTALLED)
	$(BIN)/python -m tools.coursework assign
	$(BIN)/python -m tools.coursework build --seed $(SEED) $(if $(STUDENTS),--students "$(STUDENTS)")

# Further options: .venv/bin/python -m tools.coursework grade --help
.PHONY: grade
grade: $(INSTALLED)
	@test -n "$(ASSIGNMENT)" -a -n "$(SUBMISSIONS)" || { echo "error: say make grade ASSIGNMENT=1 SUBMISSIONS=folder"; exit 1; }
	$(BIN)/python -m tools.coursework grade "$(ASSIGNMENT)" "$(SUBMISSIONS)" $(if $(VERSIONS),--versions "$(VERSIONS)")

.PHONY: cover
cover: $(INSTALLED)
	$(BIN)/python -m tools.cover

.PHONY: bench
bench: $(INSTALLED)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[bench]"
	$(BIN)/python -m benchmarks

.PHONY: repository
repository: $(INSTALLED)
	$(BIN)/python -m tools.repository
	$(BIN)/python -m tools.colab
	$(BIN)/python -m tools.coursework assign

# torch is held at the version that the book was measured with.
.PHONY: lock
lock: $(INSTALLED)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--no-annotate --custom-compile-command "make lock" --quiet --upgrade \
		--constraint <(echo "torch==2.13.0") --output-file constraints.txt

.PHONY: clean
clean:
	rm -rf _build $(VENV) $(VENV)-msr
