"""Renting a film: the payment goes through the partner, and now and then the partner fails."""

from typing import Any

import httpx
from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from apivitals import priority
from apivitals.demo.shop.database import DatabaseSession, Rental, Video

router = APIRouter(tags=["checkout"])


class Order(BaseModel):
    """What a customer wants to rent."""

    video_id: int
    customer_id: int


class PaymentUnclearError(Exception):
    """The partner's answer does not say whether the customer has paid. Nobody handles it: it is the shop's 500."""


@router.post("/checkout", status_code=201)
@priority("critical")
async def check_out(order: Order, request: Request, session: DatabaseSession) -> dict[str, Any]:
    """Take the money and rent the film; 502 when the partner is not able to take it."""
    video = await run_in_threadpool(session.get, Video, order.video_id)
    if video is None:
        raise HTTPException(404, "no such video")
    unavailable = HTTPException(502, "the payment provider is not available")
    try:
        answer = await request.app.state.partner.post("/payments", json={"amount_cents": video.price_cents})
    except httpx.HTTPError as error:
        raise unavailable from error
    if answer.is_server_error:
        raise unavailable
    receipt = answer.json().get("receipt")
    if receipt is None:
        raise PaymentUnclearError
    rental = Rental(video_id=video.id, customer_id=order.customer_id, price_cents=video.price_cents)
    await run_in_threadpool(_save, session, rental)
    return {"rental_id": rental.id, "receipt": receipt}


def _save(session: DatabaseSession, rental: Rental) -> None:
    session.add(rental)
    session.commit()
    session.refresh(rental)
