"""The registry's HTTP interface: our own paths under `/shubbak/v1`, and OSIA Data Access 1.3.0 for attributes.

    GET  /shubbak/v1/health
    POST /shubbak/v1/challenges                              → Challenge
    POST /shubbak/v1/presentations            Presentation   → Presented
    GET  /shubbak/v1/presentations/{id}/entitlements         → [Entitlement]
    POST /shubbak/v1/acts                     ActRequest     → JWS
    PUT  /shubbak/v1/grants/{id}              GrantRequest   → JWS
    PUT  /shubbak/v1/grants/{id}/settlement   Settlement     → Settlement
    GET  /shubbak/v1/ledger-head                             → LedgerHead
    GET  /shubbak/v1/status-lists/{name}                     → JWS
    GET  /v1/persons/{uin}?attributeNames=…                  → {name: value}, header Shubbak-Presentation

Who asks is the CN of the client certificate, put into the scope by `serve`. Every refusal is a
`RegistryProblem` with the status of its class.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.client import PREFIX, PRESENTATION_HEADER
from registry.errors import KioskRefused, NotFound, Refused, RequestRefused
from registry.models import (
    ActRequest,
    CardInHand,
    CardStanding,
    Challenge,
    Entitlement,
    GrantId,
    GrantRequest,
    LedgerHead,
    Presentation,
    Presented,
    RegistryProblem,
    Settlement,
    Slug,
)
from registry.reference.faults import Faults
from registry.reference.population import Person
from registry.reference.registrar import Registrar

KIOSK_SCOPE = "shubbak.kiosk"
MAX_BODY = 512 * 1024
_JOSE = "application/jose"
_UNKNOWN_ATTRIBUTE = {"code": 1023, "message": "Unknown attribute name"}
_SLUG = TypeAdapter(Slug)
_ListName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]


def create_app(registrar: Registrar, faults: Faults) -> FastAPI:
    """The application; `faults` may make it misbehave."""
    app = FastAPI(
        title="Shubbak reference registry", docs_url=None, redoc_url=None, openapi_url=f"{PREFIX}/openapi.json"
    )
    _add_our_paths(app, registrar, faults)
    _add_osia_paths(app, registrar)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(_BoundedBody)
    app.add_middleware(_Misbehaviour, faults=faults)
    return app


def kiosk_of(request: Request) -> str:
    """The asking kiosk's id. Raises KioskRefused when its certificate names none."""
    try:
        return _SLUG.validate_python(request.scope.get(KIOSK_SCOPE))
    except ValidationError:
        raise KioskRefused("the client certificate names no kiosk") from None


Kiosk = Annotated[str, Depends(kiosk_of)]


def _add_our_paths(app: FastAPI, registrar: Registrar, faults: Faults) -> None:
    @app.get(f"{PREFIX}/health")
    def health(kiosk: Kiosk) -> dict[str, str]:
        return {"status": "ready"}

    @app.post(f"{PREFIX}/challenges", status_code=201)
    def challenge(kiosk: Kiosk) -> Challenge:
        return registrar.challenge(kiosk)

    @app.post(f"{PREFIX}/card-standing")
    def card_standing(kiosk: Kiosk, body: CardInHand) -> CardStanding:
        return registrar.card_standing(body)

    @app.post(f"{PREFIX}/presentations", status_code=201)
    def present(kiosk: Kiosk, body: Presentation) -> Presented:
        return registrar.present(kiosk, body)

    @app.get(f"{PREFIX}/presentations/{{presentation_id}}/entitlements")
    def entitlements(kiosk: Kiosk, presentation_id: GrantId) -> list[Entitlement]:
        return registrar.entitlements(kiosk, presentation_id)

    @app.post(f"{PREFIX}/acts")
    def act(kiosk: Kiosk, body: ActRequest) -> Response:
        return Response(faults.spoiled(registrar.act(kiosk, body), "act"), media_type=_JOSE)

    @app.put(f"{PREFIX}/grants/{{grant_id}}")
    def grant(kiosk: Kiosk, grant_id: GrantId, body: GrantRequest) -> Response:
        return Response(faults.spoiled(registrar.grant(kiosk, grant_id, body), "grant"), media_type=_JOSE)

    @app.put(f"{PREFIX}/grants/{{grant_id}}/settlement")
    def settle(kiosk: Kiosk, grant_id: GrantId, body: Settlement) -> Settlement:
        return registrar.settle(kiosk, grant_id, body)

    @app.get(f"{PREFIX}/ledger-head")
    def ledger_head(kiosk: Kiosk) -> LedgerHead:
        return registrar.ledger_head(kiosk)

    @app.get(f"{PREFIX}/status-lists/{{name}}")
    def status_list(kiosk: Kiosk, name: _ListName) -> Response:
        return Response(registrar.status_list(name, f"{PREFIX}/status-lists/{name}"), media_type=_JOSE)


def _add_osia_paths(app: FastAPI, registrar: Registrar) -> None:
    @app.get("/v1/persons/{uin}")
    def read_person_attributes(
        kiosk: Kiosk,
        uin: str,
        names: Annotated[list[str], Query(alias="attributeNames", max_length=30)] = [],  # noqa: B006  FastAPI copies it
        presentation: Annotated[str, Header(alias=PRESENTATION_HEADER)] = "",
    ) -> Response:
        if not names:
            return JSONResponse({"code": 400, "message": "attributeNames is required"}, 400)
        known = _attributes(registrar.person(kiosk, presentation, uin))
        return JSONResponse({name: known.get(name, _UNKNOWN_ATTRIBUTE) for name in names})


def _attributes(person: Person) -> dict[str, str | int]:
    """OSIA's attribute dictionary; `Latin` marks the second script, which OSIA has no word for."""
    return {
        "uin": person.nin,
        "firstName": person.name.arabic.given,
        "lastName": person.name.arabic.surname,
        "firstNameLatin": person.name.latin.given,
        "lastNameLatin": person.name.latin.surname,
        "dateOfBirth": person.born_on.isoformat(),
        "placeOfBirth": person.birthplace.commune.arabic,
        "placeOfBirthLatin": person.birthplace.commune.latin,
        "gender": 2 if person.sex == "F" else 1,  # ISO/IEC 5218
    }


def _problem(refusal: Refused) -> JSONResponse:
    problem = RegistryProblem(code=refusal.code, detail=str(refusal)[:300])
    return JSONResponse(problem.model_dump(), refusal.http_status)


def _refused(request: Request, error: Exception) -> Response:
    return _problem(error if isinstance(error, Refused) else RequestRefused("refused"))


def _invalid(request: Request, error: Exception) -> Response:
    # What FastAPI would answer quotes the input back.
    return _problem(RequestRefused("the request is not of the promised shape"))


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    known = {400: RequestRefused("the request's body is not JSON"), 404: NotFound("no such path")}
    return _problem(known[status]) if status in known else Response(status_code=status)


class _BoundedBody:
    """Reads the whole body before the application does, up to MAX_BODY bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MAX_BODY:
                await Response(status_code=413, headers={"connection": "close"})(scope, receive, send)
                return
        pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)


class _Misbehaviour:
    """Answers in the application's place while a fault asks for it."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._faults.wait()
        bad: dict[Any, bytes] = {"nonsense": b'{"\xff nothing": [', "huge": b" " * (3 * 1024 * 1024)}
        if scope["type"] == "http" and self._faults.now in bad:
            await Response(bad[self._faults.now], media_type="application/json")(scope, receive, send)
        else:
            await self._app(scope, receive, send)
