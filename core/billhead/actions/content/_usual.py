"""The pages that every shop has, and which of them are missing."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.content import ContentPage

__all__ = ["USUAL", "usual_missing"]

USUAL = {"imprint": "Imprint", "terms": "Terms", "privacy": "Privacy", "refunds": "Refunds"}


def usual_missing(session: Session, seller_id: int) -> list[str]:
    """Their addresses."""
    usual = select(ContentPage.slug).where(ContentPage.seller_id == seller_id, ContentPage.slug.in_(USUAL))
    there = set(session.scalars(usual))
    return [slug for slug in USUAL if slug not in there]
