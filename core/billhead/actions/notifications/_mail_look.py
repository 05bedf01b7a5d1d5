"""How a seller's mails look: the colours of its theme, its own colour and picture, and what stands at the foot."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.notifications._letter import LOGO_ID, MAIL_TEMPLATES, Look
from billhead.actions.sellers._tokens import tokens_of
from billhead.domain.errors import NotFound
from billhead.models.sellers import Seller, SellerLogo
from billhead.plugin import Attachment
from billhead.plugin_host import plugins

__all__ = ["logo_of", "look_of_mail"]


def look_of_mail(session: Session, seller: Seller) -> Look:
    has_logo = session.scalar(select(SellerLogo.seller_id).where(SellerLogo.seller_id == seller.id)) is not None
    return Look(tokens_of(session, seller), has_logo, tuple(_foot(seller)), _templates(seller))


def logo_of(session: Session, seller: Seller) -> tuple[Attachment, ...]:
    """The picture as a part of the mail itself."""
    logo = session.get(SellerLogo, seller.id)
    if logo is None:
        return ()
    media_type = "image/png" if logo.format == "png" else "image/jpeg"
    return (Attachment(f"logo.{logo.format}", media_type, logo.data, LOGO_ID),)


def _templates(seller: Seller) -> tuple[Path, ...]:
    """Where its theme has templates of mails, the nearest in its line first."""
    try:
        line = plugins().theme_line(seller.theme)
    except NotFound:  # its plugin is switched off
        return ()
    return tuple(own for one in line if (own := one.root / MAIL_TEMPLATES).is_dir())


def _foot(seller: Seller) -> list[str]:
    own = [line.strip() for line in str(seller.mails.get("foot") or "").splitlines()]
    place = [seller.legal_name, seller.address.get("street")]
    place.append(" ".join(str(seller.address[name]) for name in ("postcode", "city") if seller.address.get(name)))
    return [line for line in (*own, ", ".join(str(one) for one in place if one)) if line]
