"""What a customer has rented."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from apivitals import priority
from apivitals.demo.shop.database import DatabaseSession, Rental

router = APIRouter(tags=["rentals"])


@router.get("/rentals/{customer_id}")
@priority("high")
def list_rentals(customer_id: int, session: DatabaseSession) -> list[dict[str, Any]]:
    """List a customer's rentals, with each film's title and how many customers have rented it.

    That is two queries for each rental: the N+1 mistake, left in to show how it looks. A join and a ``group by`` would
    need one query in all.
    """
    chosen = select(Rental).where(Rental.customer_id == customer_id).order_by(Rental.id)
    return [
        {"id": rental.id, "title": rental.video.title, "customers": _count_customers(session, rental.video_id)}
        for rental in session.scalars(chosen)
    ]


def _count_customers(session: Session, video_id: int) -> int:
    return session.scalars(select(func.count(Rental.customer_id.distinct())).where(Rental.video_id == video_id)).one()
