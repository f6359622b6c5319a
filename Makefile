# What each target needs it sets up itself. PYTHON chooses the interpreter (3.11 or newer);
# TORCH chooses the build of PyTorch: the version below is the one last tested, any from 2.6 on will do.
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
# Data sets in a local folder, laid out as lvmlib.data says, are used where they exist.
ifneq ($(wildcard ../shared/data/README.md),)
export LVMLIB_DATA ?= $(abspath ../shared/data)
endif
export OMP_NUM_THREADS ?= 2

.PHONY: setup demo test test-slow bench iwae-table hierarchical-table reports notebooks release lab clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "make: Python 3.11 or newer is needed, %s is %s; say make PYTHON=python3.12" % (sys.executable, sys.version.split()[0]))'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

demo: setup
	$(BIN)/lvm-course demo

# Two workers on two cores: one thread each. Files are handed out in the order of conftest.py, the longest first.
test: export OMP_NUM_THREADS := 1
test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not slow'

test-slow: setup
	$(BIN)/python -m pytest -m slow

# One file a claim; each can be run alone. Those of alignments, speech, VAE and IWAE need LVMLIB_DATA or a network.
CLAIMS := grading_speed.py "grading_speed.py --seconds 3" grading_cluster.py \
	mixture_em.py "mixture_em.py --dtype float32" "mixture_em.py --shape wide" \
	"mixture_em.py --shape wide --dtype float32" "mixture_em.py --shape wide --dtype float32 --peer-dtype float32" \
	mixture_memory.py "mixture_memory.py --shape wide" hidden_markov.py \
	factor_analysis.py "factor_analysis.py --case 2000x784" \
	"factor_analysis.py --least-noise 0.3" "factor_analysis.py --case 2000x784 --least-noise 0.3" ctc.py \
	alignment.py "alignment.py --pairs 2000 --whole" alignment_error.py ctc_recognizer.py \
	vae_step.py iwae_step.py "iwae_step.py --precision bfloat16" iwae_evaluation.py "iwae_evaluation.py --memory" \
	mutual_information_speed.py "mutual_information_speed.py --memory" pixel_cnn_sampling.py ladder_step.py

# The IWAE paper's table is trained for, not timed: ten minutes to a day a cell, gone on with where it was interrupted.
IWAE_CELLS := "--layers 1 --k 1 --stages 5" "--layers 1 --k 5 --stages 5"

bench: setup
	$(BIN)/pip install --quiet --editable '.[bench]'
	for claim in $(CLAIMS); do $(BIN)/python tests/benchmarks/$$claim || exit 1; done
	$(BIN)/python tests/benchmarks/readme_table.py

iwae-table: setup
	for cell in $(IWAE_CELLS); do $(BIN)/python tests/benchmarks/iwae_table.py $$cell || exit 1; done
	$(BIN)/python tests/benchmarks/readme_table.py

# Tables and figures of what was found, not of speed: each can be run alone, and goes on where it was interrupted.
REPORTS := mutual_information_tasks.py "mutual_information_gaussians.py --critic separable" dequantization.py \
	infogan.py cpc.py empowerment.py iaf_posterior.py biva_anomaly.py pixel_cnn_digits.py

# 1, 2 and 3 layers at one budget; the script names the other rows.
hierarchical-table: setup
	$(BIN)/python tests/benchmarks/hierarchical_table.py --equal dynamic
	$(BIN)/python tests/benchmarks/readme_table.py

reports: setup
	for report in $(REPORTS); do $(BIN)/python tests/benchmarks/$$report || exit 1; done
	$(BIN)/python tests/benchmarks/readme_table.py

notebooks: setup
	$(BIN)/python -m pytest tests/notebooks

release: setup
	for homework in $(notdir $(wildcard source/*)); do $(BIN)/lvm-course release $$homework || exit 1; done

lab: setup
	$(BIN)/jupyter lab release

clean:
	rm -rf build submitted autograded feedback gradebook.db .nbgrader.log
