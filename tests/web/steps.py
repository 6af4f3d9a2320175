"""Steps of a user in "Try it"."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Request, expect

PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


def choose(page: Page, file: Path | dict[str, object]) -> None:
    page.set_input_files("[data-file]", file)  # type: ignore[arg-type]
    page.wait_for_selector("[data-step=pay]:not([hidden])")


def problem(page: Page) -> str:
    """Wait for the problem that the page shows, and return its text."""
    expect(page.locator("[data-step=problem]")).to_be_visible()
    return page.inner_text("[data-step=problem]")


def answered(page: Page) -> None:
    """Wait for the verdict: in words, drawn, and with the local pictures."""
    expect(page.locator("[data-step=answer]")).to_be_visible()
    assert page.inner_text("#answer .word") in {"Live", "Spoof", "Inconclusive"}
    expect(page.locator("[data-strip] canvas").first).to_be_visible()


def payments_in(page: Page) -> list[str]:
    """Collect every payment signature that the page sends."""
    sent: list[str] = []

    def look(request: Request) -> None:
        if signature := request.headers.get("payment-signature"):
            sent.append(signature)

    page.on("request", look)
    return sent
