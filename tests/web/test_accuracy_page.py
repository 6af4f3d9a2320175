"""Tests of the page of accuracy: curves and table have the same figures, and every service page leads to it."""

from __future__ import annotations

import re

import httpx
import pytest

from alive402.catalog import IMAGE_LIVENESS, LIVENESS
from alive402.web.accuracy_page import ErrorCurves, ErrorRate, error_curves, measured
from tests.http.conftest import Service
from tests.web.conftest import Open
from tests.web.test_pages import PHONE, sound


@pytest.mark.parametrize("service", [LIVENESS.id, IMAGE_LIVENESS.id])
def test_packaged_counts_are_rates_over_the_threshold(service: str) -> None:
    curves = error_curves()[service]
    assert curves.thresholds[0] == 0
    assert curves.thresholds[-1] == 1
    assert curves.threshold in curves.thresholds
    people, *attacks = curves.rates
    assert people.name == "people refused"
    assert all(len(rate.errors) == len(curves.thresholds) for rate in curves.rates)
    assert list(people.errors) == sorted(people.errors)
    assert all(list(rate.errors) == sorted(rate.errors, reverse=True) for rate in attacks)
    assert all(0 <= errors <= rate.trials for rate in curves.rates for errors in rate.errors)


def test_line_steps_from_one_share_to_the_next() -> None:
    curves = ErrorCurves(
        "2 clips", "November 2026", 0.5, 0.1, (0.0, 0.5, 1.0), (ErrorRate("people refused", 2, (0, 0, 1)),)
    )
    assert [errors for _, errors in curves.at(0.9)] == [1]
    assert re.search(r'class="rate rate-0" d="M70.0 280.0H348.0H626.0V147.0"', curves.drawing())


def test_only_measured_services_are_shown() -> None:
    assert measured(["another-service", LIVENESS.id]) == [LIVENESS.id]


def test_page_has_curves_with_a_text_alternative_and_each_service_leads_to_it(
    service: Service, open_page: Open
) -> None:
    page = open_page(f"{service.url}/accuracy", reduced_motion="reduce", **PHONE)
    sound(page, "accuracy")
    for definition in (LIVENESS, IMAGE_LIVENESS):
        curves = error_curves()[definition.id]
        section = page.locator(f"section[aria-labelledby=of-{definition.id}]")
        drawn = section.get_by_role("img")
        assert "The table below has every figure." in (drawn.locator("title").first.text_content() or "")
        assert drawn.locator("path.rate").count() == len(curves.rates)
        chosen = section.locator("tr.chosen td").all_inner_texts()
        assert [int(each.split()[0]) for each in chosen] == [errors for _, errors in curves.at(curves.threshold)]
        page_of = httpx.get(f"{service.url}{definition.page}").text
        assert f'href="{service.url}/accuracy#of-{definition.id}"' in page_of
