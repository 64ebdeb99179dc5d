"""The API's description: valid, complete, and without anything from elsewhere."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import jsonschema_rs
import pytest
from fastapi import FastAPI
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from app.api import openapi
from app.api.desk import Desk
from app.api.problems import PROBLEMS
from app.api.routes import commands, content, projects, regeneration, regenerative, relay
from app.api.schemas.problem import TITLES
from app.commands.table import COMMANDS, GROUPS

Json = dict[str, Any]


@pytest.fixture(scope="module")
def found() -> Json:
    """The description of all routes; nobody sits at the desk, for nobody asks."""
    app = FastAPI(title="Restrike", version="0.0.1")
    for routes in (commands, regenerative, regeneration, content, projects, relay):
        app.include_router(routes.router(cast("Desk", None)), prefix="/api/v1")
    return openapi.document(app)


def resolved(found: Json, value: Json) -> Json:
    """What a reference refers to."""
    while "$ref" in value:
        part: Any = found
        for name in value["$ref"].removeprefix("#/").split("/"):
            part = part[name]
        value = part
    return value


def test_it_is_valid(found: Json) -> None:
    errors = [
        f"{one.message} at {list(one.instance_path)}" for one in OPENAPI_31_VALIDATOR.iter_errors(found)
    ]
    assert not errors, errors
    for schema in found["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(found)):
        assert resolved(found, {"$ref": reference})


def test_every_command_is_described(found: Json) -> None:
    operations = {one["operationId"]: (method, path, one) for method, path, one in openapi.operations(found)}
    for entry in COMMANDS:
        if entry.method == "WS":
            continue
        method, path, operation = operations[entry.function_name]
        assert (method.upper(), path) == (entry.method, f"/api/v1{entry.path}")
        assert operation["summary"]
        assert operation["description"]
        assert str(entry.success) in operation["responses"]
    assert len(operations) == sum(1 for _ in openapi.operations(found)), "operation ids are one of a kind"


def test_tags_are_described(found: Json) -> None:
    known = {one["name"] for one in found["tags"]}
    assert set(GROUPS) <= known
    assert {tag for _, _, one in openapi.operations(found) for tag in one["tags"]} <= known
    assert all(one["description"] for one in found["tags"])


def test_every_request_and_answer_has_a_right_example(found: Json) -> None:
    registry = jsonschema_rs.Registry([("urn:api", found)])
    for _, path, operation in openapi.operations(found):
        bodies = [one for one in operation["responses"].values() if "$ref" not in one]
        for body in [*bodies, operation.get("requestBody", {})]:
            media = body.get("content", {}).get("application/json")
            assert media is None or media.get("examples"), (
                f"{path}: {operation['operationId']} has no example"
            )
            for one in media["examples"].values() if media else ():
                schema = json.loads(json.dumps(media["schema"]).replace('"#/', '"urn:api#/'))
                jsonschema_rs.Draft202012Validator(schema, registry=registry).validate(one["value"])


def test_everything_needs_the_token_but_signed_addresses(found: Json) -> None:
    assert found["security"] == [{"bearer": []}]
    open_ones = [path for _, path, operation in openapi.operations(found) if operation.get("security") == []]
    assert open_ones == ["/api/v1/content/{sha256}"]
    for _, path, operation in openapi.operations(found):
        assert ("401" in operation["responses"]) == (path not in open_ones)


def test_problems_are_described_for_every_operation(found: Json) -> None:
    assert {str(status) for status, _ in PROBLEMS.values()} - set(TITLES) <= {"405", "416", "500"}
    for method, path, operation in openapi.operations(found):
        statuses = set(operation["responses"])
        assert {"403", "429", "503", "5XX"} <= statuses
        assert ("{" not in path) or "404" in statuses
        assert (method == "get") or {"400", "409", "413", "422", "507"} <= statuses
        names = {resolved(found, one)["name"] for one in operation.get("parameters", ())}
        assert ("If-None-Match" if method == "get" else "Idempotency-Key") in names
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and status != "416":
                assert "application/problem+json" in resolved(found, answer)["content"], (path, status)


def test_what_reports_can_be_streamed(found: Json) -> None:
    streams = {
        operation["operationId"]
        for _, _, operation in openapi.operations(found)
        if "application/x-ndjson" in operation["responses"].get("200", {}).get("content", {})
    }
    assert {"render", "take_prove", "storage_fetch", "verify", "model_verify"} <= streams
    assert "asset_list" not in streams


def test_with_fields_an_answer_is_the_whole_or_a_part(found: Json) -> None:
    answer = found["paths"]["/api/v1/projects/{project}/takes"]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": found["components"]})
    assert validator.is_valid({"takes": [{"id": "a", "width": 8}]})
    assert not validator.is_valid({"takes": [{"id": "a", "width": "wide"}]})
    assert not validator.is_valid({"takes": [{"id": "a", "breadth": 8}]})


def test_nothing_of_it_is_elsewhere(found: Json) -> None:
    assert [one["url"] for one in found["servers"]] == ["/"]
    assert not re.search(r"https?://(?!127\.0\.0\.1)", json.dumps(found))
