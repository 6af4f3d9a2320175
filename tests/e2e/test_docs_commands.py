"""Tests that every command in README.md and docs/ is run by a test, or is listed here with the reason why not."""

from __future__ import annotations

import ast
import re
from enum import StrEnum
from pathlib import Path

import pytest

from alive402.settings import Settings
from tests.e2e.pages import PAGES, ROOT, RUNNABLE, Block, fences, prose


class NotRun(StrEnum):
    """The reasons for which a command is not run."""

    NETWORK = "needs a real network: packages, a facilitator, a node, a public name"
    CLOUD = "needs Alibaba's cloud"
    DATA = "needs a data set of one's own"
    MACHINE = "changes the machine: users, units, folders of the system"
    CLUSTER = "needs a cluster"


WALK = "tests/e2e/test_docs_quickstart.py::"
PLACES: dict[tuple[str, str], str | NotRun] = {
    ("README.md", "make demo"): WALK + "test_make_demo_runs_the_demo",
    ("README.md", "make serve"): WALK + "test_quickstart_prints_verdicts",
    ("README.md", "alive402 analyze"): WALK + "test_file_commands_judge_files",
    ("README.md", "import analyze"): WALK + "test_file_commands_judge_files",
    ("quickstart.md", "apt-get"): NotRun.NETWORK,
    ("quickstart.md", "make serve"): WALK + "test_quickstart_prints_verdicts",
    ("quickstart.md", "alive402 analyze"): WALK + "test_quickstart_prints_verdicts",
    ("quickstart.md", "-d '{}'"): WALK + "test_quickstart_prints_verdicts",
    ("quickstart.md", "import x402Client"): WALK + "test_quickstart_prints_verdicts",
    ("quickstart.md", "python buy.py"): WALK + "test_quickstart_prints_verdicts",
    ("quickstart.md", '/api/uploads" -H'): WALK + "test_quickstart_prints_verdicts",
    ("quickstart.md", "verify-receipt"): WALK + "test_quickstart_prints_verdicts",
    ("api.md", "import UnusableVideo"): WALK + "test_file_commands_judge_files",
    ("api.md", "import cv2"): WALK + "test_file_commands_judge_files",
    ("api.md", "import analyze_many"): WALK + "test_file_commands_judge_files",
    ("batch.md", "batch clips.csv"): WALK + "test_data_set_commands_judge_data_sets",
    ("batch.md", "--cluster"): NotRun.CLUSTER,
    ("accuracy.md", "evaluate clips.csv"): WALK + "test_data_set_commands_judge_data_sets",
    ("accuracy.md", "OULU-NPU"): NotRun.DATA,
    ("accuracy.md", "make bench-accuracy"): NotRun.DATA,
    ("accuracy.md", "make bench-conditions"): NotRun.DATA,
    ("training.md", "training all"): NotRun.DATA,
    ("training.md", "training.realism"): NotRun.DATA,
    ("pay.md", 'json={"VideoUrl": os.environ["VIDEO_URL"]},\n        )'): "tests/e2e/test_docs.py::"
    "test_buyer_scripts_of_the_page_buy",
    ("other-payments.md", "exact_svm"): "tests/http/test_solana.py::test_script_of_the_page_buys",
    ("other-payments.md", "class SmartWallet"): "tests/http/test_smart_wallets.py::test_script_of_the_docs_buys",
    ("pay.md", "Idempotency-Key"): "tests/e2e/test_docs.py::test_buyer_scripts_of_the_page_buy",
    ("pay.md", "import hashlib"): "tests/receipts/test_verdicts.py::test_python_recipe_of_the_docs_computes_the_digest",
    ("pay.md", "node:crypto"): "tests/receipts/test_verdicts.py::"
    "test_javascript_recipe_of_the_docs_computes_the_digest",
    ("pay.md", "verify-receipt"): WALK + "test_quickstart_prints_verdicts",
    ("accept-payments.md", "ALIVE402_NETWORK="): NotRun.NETWORK,
    ("accept-payments.md", "ALIVE402_FACILITATOR_AUTH="): NotRun.NETWORK,
    ("accept-payments.md", "keys create"): WALK + "test_key_commands_give_access",
    ("accept-payments.md", "ALIVE402_WEBHOOK_URLS="): WALK + "test_webhook_settings_are_accepted",
    ("alibaba.md", "--scope call --access-key\n"): "tests/e2e/test_docs_alibaba.py::"
    "test_sdk_script_of_the_page_gets_an_answer",
    ("alibaba.md", "import Client"): "tests/e2e/test_docs_alibaba.py::test_sdk_script_of_the_page_gets_an_answer",
    ("alibaba.md", "keys credit"): WALK + "test_key_commands_credit_prepaid_keys",
    ("alibaba.md", "ALIVE402_PROVIDER=alibaba"): NotRun.CLOUD,
    ("alibaba.md", "ALIVE402_UPLOAD_HOST="): NotRun.NETWORK,
    ("challenge.md", "challenge new"): "tests/cli/test_challenge.py::test_commands_of_the_page_check_a_clip",
    ("challenge.md", "challenge fit"): "tests/cli/test_challenge.py::test_fit_writes_thresholds_that_are_read_again",
    ("challenge.md", "made.json"): "tests/e2e/test_docs_challenge.py::test_requests_of_the_page_make_a_challenge",
    ("challenge.md", "challenge film"): "tests/cli/test_film.py::test_film_judges_the_clip",
    ("challenge.md", "benchmarks.challenge"): NotRun.DATA,
    ("challenge.md", "benchmarks.answers"): "tests/benchmarks/test_answers.py::test_one_rendered_answer_is_measured",
    (
        "challenge.md",
        "def judge",
    ): "tests/web/test_capture_answered.py::test_rendered_answer_is_judged_as_the_page_of_the_docs_does_it",
    ("challenge.md", "import secrets"): "tests/cli/test_challenge.py::test_commands_of_the_page_check_a_clip",
    ("client.md", "pip install"): NotRun.NETWORK,
    ("client.md", "alive402 buy"): "tests/http/test_buying.py::test_command_of_the_page_buys",
    ("client.md", "wallet=os.environ"): "tests/http/test_client.py::test_scripts_of_the_page_buy",
    ("client.md", "new_challenge("): "tests/http/test_client_challenges.py::test_script_of_the_page_buys_a_clip",
    ("client.md", "AsyncClient("): "tests/http/test_client.py::test_scripts_of_the_page_buy",
    ("client.md", "viem/accounts"): "tests/http/test_js_client.py::test_script_of_the_page_buys",
    ("mcp.md", "from mcp import Client"): "tests/e2e/test_docs_mcp.py::test_buyer_script_of_the_page_buys",
    ("operate.md", "keys create"): "tests/e2e/test_docs_operate.py::test_commands_of_both_pages_work",
    ("deploy.md", "systemctl enable"): NotRun.MACHINE,
    ("operate.md", "/api/ops/summary"): "tests/e2e/test_docs_operate.py::test_commands_of_both_pages_work",
    ("operate.md", "$SERVICE/metrics"): "tests/e2e/test_docs_operate.py::test_commands_of_both_pages_work",
    ("operate.md", "ledger backup"): "tests/e2e/test_docs_operate.py::test_commands_of_both_pages_work",
    ("performance.md", "make bench"): "tests/benchmarks/test_soak.py::test_one_analysis_is_measured",
    ("performance.md", "benchmarks.soak"): "tests/benchmarks/test_soak.py::test_soak_makes_forty_calls_of_all_kinds",
    ("performance.md", "benchmarks.ledger"): "tests/benchmarks/test_soak.py::test_ledger_is_measured",
    ("performance.md", "benchmarks.doors"): "tests/benchmarks/test_doors.py::test_every_interface_is_measured",
    ("performance.md", "benchmarks.scale"): "tests/benchmarks/test_scale.py::test_every_stage_is_measured",
    ("privacy.md", "-X DELETE"): "tests/e2e/test_docs_operate.py::test_commands_of_both_pages_work",
    ("security.md", "FetchLimits("): "tests/intake/test_security_page.py::test_limits_match_the_code",
    ("uploads-and-jobs.md", "upload.json"): "tests/e2e/test_docs_uploads_and_jobs.py::test_commands_of_the_page_work",
    ("uploads-and-jobs.md", "job.json"): "tests/e2e/test_docs_uploads_and_jobs.py::test_commands_of_the_page_work",
}
COMMANDS = [each for each in fences() if each.language in RUNNABLE]


@pytest.mark.parametrize(
    "told", COMMANDS, ids=lambda told: f"{told.page}: {told.commands.strip().splitlines()[0][:50]}"
)
def test_command_is_tested_or_exempt(told: Block) -> None:
    places = [key for key in PLACES if key[0] == told.page and key[1] in told.text]
    assert len(places) == 1, "name the test that runs this block, or the reason why none does, in PLACES"


@pytest.mark.parametrize(("page", "marker"), PLACES)
def test_entry_names_one_command_and_a_test_of_its_page(page: str, marker: str) -> None:
    assert len([each for each in COMMANDS if each.page == page and marker in each.text]) == 1
    place = PLACES[page, marker]
    if isinstance(place, NotRun):
        return
    path, name = place.split("::")
    source = (ROOT / path).read_text()
    functions = {
        node.name: ast.get_source_segment(source, node)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name in functions
    if place.startswith(WALK):
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        taken = {
            tuple(ast.literal_eval(given) for given in call.args)
            for call in calls
            if isinstance(call.func, ast.Name) and call.func.id == "block"
        }
        assert (page, marker) in taken
    else:
        assert f'"{page}"' in source


def test_every_setting_is_documented() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert [name for name in Settings.model_fields if f"ALIVE402_{name.upper()}" not in text] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_page_shows_every_command_and_names_existing_files(page: Path) -> None:
    assert not re.search(r"\n\n {4}\S", prose(page)), "an indented block: fence it, and say its language"
    bare = [each for each in fences() if each.page == page.name and each.language not in RUNNABLE]
    assert not [
        each for each in bare if re.search(r"^(\$ |alive402 (?!is at)|curl |make |pip )", each.text, re.MULTILINE)
    ]
    text = page.read_text()
    makefile = (ROOT / "Makefile").read_text()
    words = {word for words in re.findall(r"`make ([a-z-]+)[^`]*`", text) for word in words.split()}
    assert {word for word in words if not re.search(rf"^{word}:", makefile, re.MULTILINE)} == set()
    # A family of settings is written ALIVE402_NAME_*; the cache of models is no setting of the service.
    settings = {each.lower() for each in re.findall(r"ALIVE402_(\w+)", text)} - {"cache"}
    assert {name for name in settings if not any(each.startswith(name) for each in Settings.model_fields)} == set()
    assert {name for name in settings if not name.endswith("_")} <= set(Settings.model_fields)
