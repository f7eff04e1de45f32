"""The API as an OpenAPI 3.1 document, made from the table of routes and the structs of the questions."""

from __future__ import annotations

import re
from typing import Any, Final, cast

import msgspec

from powderkeg import __version__
from powderkeg.web.asks import Ask, Listen
from powderkeg.web.coinglass import COINGLASS
from powderkeg.web.endpoints import ENDPOINTS, OWN, STREAM, Endpoint, Page
from powderkeg.web.faults import Fault
from powderkeg.web.frames import MEDIA

FORMAT: Final[dict[str, Any]] = {
    "name": "format",
    "in": "query",
    "description": "form of the answer; else the Accept header decides",
    "schema": {"enum": list(MEDIA), "default": "json"},
}


def openapi() -> dict[str, Any]:
    """The document."""
    paths: dict[str, Any] = {}
    for endpoint in (*ENDPOINTS, *COINGLASS):
        paths[endpoint.path] = {endpoint.method.lower(): _operation(endpoint)}
    for page in OWN:
        if page.method != "WS":
            paths.setdefault(page.path, {})[page.method.lower()] = _page(page)
    return {
        "openapi": "3.1.0",
        "info": {"title": "powderkeg", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {"Fault": _schema(Fault)},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": endpoint.question,
        "responses": _responses(list(MEDIA.values()) if endpoint.is_table else ["application/json"]),
    }
    if endpoint.method == "POST":
        body = {"application/json": {"schema": _schema(endpoint.ask)}}
        return {**told, "requestBody": {"required": True, "content": body}}
    return {**told, "parameters": [*_parameters(endpoint.ask), *([FORMAT] if endpoint.is_table else [])]}


def _page(page: Page) -> dict[str, Any]:
    told: dict[str, Any] = {"summary": page.summary, "responses": _responses(["*/*"])}
    if page is STREAM:
        told["parameters"] = _parameters(Listen)
    if page.is_public:
        told["security"] = [{}]
    return told


def _parameters(ask: type[Ask]) -> list[dict[str, Any]]:
    schema = _schema(ask)
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": about,
            **({"style": "form", "explode": True} if about.get("type") == "array" else {}),
        }
        for name, about in cast("dict[str, dict[str, Any]]", schema.get("properties", {})).items()
    ]


def _schema(kind: type) -> dict[str, Any]:
    (_,), components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    schema = components[kind.__name__]
    if "description" in schema:
        schema["description"] = re.sub(r"\s+", " ", schema["description"])
    return schema


def _responses(media: list[str]) -> dict[str, Any]:
    fault = {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}
    return {
        "200": {"description": "the answer", "content": {kind: {} for kind in media}},
        "default": {"description": "an error", "content": fault},
    }
