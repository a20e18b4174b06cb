PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/demo-$(shell date +%Y%m%d-%H%M%S)

.PHONY: install demo test test-slow lint clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

# Trains a small TGAN on moving digits and writes samples; the paths are printed last. RECIPE=svc
# takes singular value clipping, RECIPE=paper the paper's way.
demo: install
	$(BIN)/tgan train --config configs/demo$(addprefix _,$(RECIPE)).yaml --run-dir $(RUN)
	@$(BIN)/tgan generate $(RUN) --seeds 0-15 --out $(RUN)/samples.gif
	@$(BIN)/tgan generate $(RUN) --seeds 0-15 --out $(RUN)/samples.mp4

test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: install
	$(BIN)/python -m pytest -m slow

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV)
