"""What the shop's own people ask for: a report that is heavy on the database, and whether the shop is open."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from apivitals import priority
from apivitals.demo.shop.database import DatabaseSession, Rental

router = APIRouter(tags=["reports"])


@router.get("/reports/rented-together")
@priority("low")
def rented_together(session: DatabaseSession) -> list[dict[str, Any]]:
    """Name the pairs of films that most customers have both rented: a self-join over every rental."""
    first, second = aliased(Rental), aliased(Rental)
    customers = func.count(first.customer_id.distinct())
    pairs = (
        select(first.video_id, second.video_id, customers)
        .join(second, (first.customer_id == second.customer_id) & (first.video_id < second.video_id))
        .group_by(first.video_id, second.video_id)
        .order_by(customers.desc())
        .limit(10)
    )
    return [{"videos": [one, other], "customers": count} for one, other, count in session.execute(pairs)]


@router.get("/health")
@priority("low")
def health() -> dict[str, str]:
    """Say that the shop is open."""
    return {"status": "open"}
