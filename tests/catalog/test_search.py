"""Tests of search: matching by words and synonyms, and ranking by fit, quality and price."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.catalog import IMAGE_LIVENESS, LIVENESS, PriceOption, Quality, ServiceDefinition, SiteCatalog
from alive402.catalog.search import search_services
from alive402.services import DEFINITIONS

OTHER = dataclasses.replace(
    LIVENESS,
    id="weather-forecast",
    aliases=("weather",),
    tool_name="weather_forecast",
    name="Weather forecast",
    description="Tells tomorrow's rain.",
    description_for_model="Call this for rain.",
    use_cases=("Plan a walk.",),
    category="weather",
    tags=("weather",),
    keywords=("rain", "天气"),
)


def site(*services: ServiceDefinition) -> SiteCatalog:
    way = PriceOption(LIVENESS.id, "eip155:8453", "0xa", "200000", "0xb")
    return SiteCatalog(services, "https://alive.example", "x402-base-usdc", (way,), mcp=True, test_money=False)


def found(query: str, *services: ServiceDefinition, **qualities: Quality) -> list[str]:
    sold = services or (LIVENESS, OTHER)
    measured = {each.id: qualities.get(each.tool_name, Quality()) for each in sold}
    return [entry["id"] for entry in search_services(site(*sold), measured, query)["services"]]


@pytest.mark.parametrize(
    "query",
    [
        "video-face-liveness-detection",
        "aliyun-facebody-detect-video-living-face",
        "DetectVideoLivingFace",
        "liveness",
        "Livenes",
        "is this selfie filmed from a screen?",
        "anti-spoofing",
        "deepfake check",
        "presentation attack",
        "视频活体检测",
        "人脸",
        "翻拍",
        "防伪",
        "我想检测真人视频",
    ],
)
def test_search_finds_service_by_synonyms_misspellings_and_chinese(query: str) -> None:
    assert found(query)[0] == LIVENESS.id


@pytest.mark.parametrize(
    "query",
    [
        "face-liveness-detection",
        "aliyun-facebody-detect-living-face",
        "DetectLivingFace",
        "image liveness",
        "face liveness from an image",
        "is this photo of a face live",
        "photo of a screen",
        "selfie picture anti-spoofing",
        "图片活体检测",
        "照片 翻拍",
        "静默活体",
        "人脸图片防伪",
    ],
)
def test_image_query_ranks_the_image_service_first(query: str) -> None:
    assert found(query, *DEFINITIONS)[0] == IMAGE_LIVENESS.id


@pytest.mark.parametrize(
    "query",
    [
        "video-face-liveness-detection",
        "aliyun-facebody-detect-video-living-face",
        "DetectVideoLivingFace",
        "video liveness",
        "was this selfie video filmed from a screen?",
        "视频活体检测",
        "我想检测真人视频",
    ],
)
def test_video_query_ranks_the_video_service_first(query: str) -> None:
    assert found(query, *DEFINITIONS)[0] == LIVENESS.id


@pytest.mark.parametrize("query", ["liveness", "selfie", "人脸", "活体检测", "anti-spoofing"])
def test_query_without_medium_finds_both_services(query: str) -> None:
    assert set(found(query, *DEFINITIONS)) == {LIVENESS.id, IMAGE_LIVENESS.id}


@pytest.mark.parametrize("query", ["rain", "天气", "weather"])
def test_service_is_found_by_its_own_keywords(query: str) -> None:
    assert found(query) == [OTHER.id]


def test_unrelated_query_finds_nothing() -> None:
    assert found("translate poems") == []
    assert found("翻译诗歌") == []


def test_empty_query_lists_all_services() -> None:
    assert sorted(found("")) == sorted((LIVENESS.id, OTHER.id))


def test_equal_fit_is_ranked_by_quality_then_price() -> None:
    twin = dataclasses.replace(LIVENESS, id="twin", tool_name="twin")
    good, bad = Quality(worked_on=100), Quality(worked_on=100, faults=60)
    assert found("face", LIVENESS, twin, twin=good, video_face_liveness_detection=bad)[0] == "twin"
    assert found("face", LIVENESS, twin, twin=bad, video_face_liveness_detection=good)[0] == LIVENESS.id
    cheap = dataclasses.replace(twin, price_atomic=1_000)
    assert found("face", LIVENESS, cheap)[0] == "twin"


def test_search_answer_repeats_the_query() -> None:
    answer = search_services(site(LIVENESS), {LIVENESS.id: Quality()}, "selfie", 1)
    assert answer["schemaVersion"] == "server402.catalog.search.v1"
    assert (answer["query"], answer["total"], answer["filters"]) == ("selfie", 1, {"limit": 1})
    assert {"face", "人脸"} <= set(answer["expandedTerms"])


@given(st.text(max_size=600), st.integers(1, 50))
def test_search_accepts_any_text(query: str, limit: int) -> None:
    assert len(found(query)) <= 2


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_quality_score_is_a_share_and_falls_with_faults(well: int, faults: int) -> None:
    quality = Quality(worked_on=well + faults, faults=faults)
    if quality.score is None:
        assert well + faults == 0
        return
    assert 0 <= quality.score <= 1
    worse = Quality(worked_on=well + faults + 1, faults=faults + 1).score
    assert worse is not None
    assert worse <= quality.score + 1e-4 or well == 0
