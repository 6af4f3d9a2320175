# The commands of the project; each makes .venv when it is missing.
# The first that runs: pyenv puts names on PATH that have no Python behind them.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do $$name -c '' 2>/dev/null && command -v $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo serve test wheels clients fuzz fuzz-parsers check bench bench-accuracy bench-tables bench-conditions docs lock clean
help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: none found on PATH. Set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is another. Set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock: 2 GB, a minute or several, once. 1 of 3: packages"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "2 of 3: alive402; 3 of 3: the face models"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/alive402 models install
	@touch $(READY)

demo: $(READY) ## two clips judged and paid for on this machine, start to end; a challenge
	@$(BIN)/alive402 demo

serve: $(READY) ## run the service with test money; prints its address and a funded test wallet
	@$(BIN)/alive402 serve

# Without compiled modules, each of some hundred processes would compile ours anew.
test: export PYTHONDONTWRITEBYTECODE =
test: $(READY) ## every test: two workers a core, four at most, a file at a time on each
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

wheels: $(READY) ## build the wheel and run it in clean environments of each Python that is at hand
	@CLEAN_ENVIRONMENTS=1 $(BIN)/python -m pytest tests/e2e/test_wheel.py -rs

clients: $(READY) ## install and run other people's clients, write docs/clients.md: [ONLY="x402-fetch"]
	@$(BIN)/python -m tests.clients.write $(if $(ONLY),"$(ONLY)")

fuzz: $(READY) ## 2,000 generated requests held against our OpenAPI
	@FUZZ_REQUESTS=2000 $(BIN)/python -m pytest tests/http/discovery/test_openapi.py -s --timeout=3600

FUZZ_SECONDS ?= 60
fuzz-parsers: $(READY) ## every parser of untrusted input, a minute each, by atheris: [FUZZ_SECONDS=60]
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r fuzz/requirements.txt
	@$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS)

check: $(READY) ## style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## speed and memory of one analysis; what the till adds to a paid call
	@$(BIN)/python -m benchmarks $(if $(PEERS),--peers "$(PEERS)")
	@$(BIN)/python -m benchmarks.overhead
	@$(BIN)/python -m benchmarks.sandbox

# Clips with labels and the peers to compare with are nobody's to publish: they lie beside the checkout, or where these say.
MANIFEST ?= $(wildcard ../shared/data/dev/manifest.csv)
PEERS ?= $(wildcard ../shared/peers)
bench-accuracy: $(READY) ## errors and pace beside Silent-Face: MANIFEST=clips.csv [PEERS=folder of silent-face/]
	@test -n "$(MANIFEST)" || { echo "Set MANIFEST=FILE.csv: path, label, attack_type, subject, source (docs/accuracy.md)"; exit 64; }
	@$(BIN)/python -m benchmarks.accuracy "$(MANIFEST)" $(if $(PEERS),--peers "$(PEERS)")

DATA ?= $(wildcard ../shared/data/train ../shared/data/recapture)
bench-tables: $(READY) ## the tables of docs/accuracy.md, an hour or so: MANIFEST=clips.csv [DATA=folders of training]
	@test -n "$(MANIFEST)" || { echo "Set MANIFEST=FILE.csv: path, label, attack_type, subject, source (docs/accuracy.md)"; exit 64; }
	@$(BIN)/python -m benchmarks.ablation "$(MANIFEST)"
	@$(if $(DATA),$(BIN)/python -m benchmarks.simulated $(foreach folder,$(DATA),--data "$(folder)"),true)

bench-conditions: $(READY) ## do verdicts hold in bad light, bars, codecs; made attacks; hours, goes on where it was stopped: MANIFEST=clips.csv [CLIPS=N]
	@test -n "$(MANIFEST)" || { echo "Set MANIFEST=FILE.csv: path, label, attack_type, subject, source (docs/accuracy.md)"; exit 64; }
	@$(BIN)/python -m benchmarks.conditions "$(MANIFEST)" --work var/conditions --picture var/conditions/conditions.png $(if $(CLIPS),--clips $(CLIPS))

docs: $(READY) ## the documentation as a site, in site/: [SERVICE_URL=https://...]
	@$(BIN)/zensical build --strict --clean

lock: $(READY) ## resolve requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet pip-tools==7.6.2
	@$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --extra server --extra devchain --extra solana --extra lab --extra cluster --extra dev --output-file requirements.lock pyproject.toml

clean: ## remove what a checkout made for itself
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis var site
