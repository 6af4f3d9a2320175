"""Steps of a user in "Try it"."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Request, expect

PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


def choose(page: Page, file: Path | dict[str, object]) -> None:
    page.set_input_files("[data-file]", file)  # type: ignore[arg-type]
    page.wait_for_selector("[data-step=pay]:not([hidden])")
    in_view(page)


def problem(page: Page) -> str:
    """Wait for the problem that the page shows, and return its text."""
    expect(page.locator("[data-step=problem]")).to_be_visible()
    in_view(page)
    return page.inner_text("[data-step=problem]")


def answered(page: Page) -> None:
    """Wait for the verdict: in words, drawn, and with the local pictures."""
    expect(page.locator("[data-step=answer]")).to_be_visible()
    assert page.inner_text("#answer .word") in {"Live", "Spoof", "Inconclusive"}
    expect(page.locator("[data-decisive] canvas")).to_be_visible()
    in_view(page)


def in_view(page: Page) -> None:
    """Check that the card's top and the focused element are in the window, so that nobody has to scroll for a step."""
    height, top, focused = page.evaluate(
        """[innerHeight, document.querySelector(".try").getBoundingClientRect().top,
            document.activeElement.closest(".try") ? document.activeElement.getBoundingClientRect().top : -1]"""
    )
    assert 0 <= top < height / 2, (page.url, top)
    assert 0 <= focused < height, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def payments_in(page: Page) -> list[str]:
    """Collect every payment signature that the page sends."""
    sent: list[str] = []

    def look(request: Request) -> None:
        if signature := request.headers.get("payment-signature"):
            sent.append(signature)

    page.on("request", look)
    return sent
