"""What a customer may agree to."""

from enum import StrEnum

__all__ = ["Agreed"]


class Agreed(StrEnum):
    TERMS = "terms"
    PRIVACY = "privacy"
    MARKETING = "marketing"

    @property
    def withdrawable(self) -> bool:
        """Terms and the privacy notice hold as long as there is an account; erasure ends them."""
        return self is Agreed.MARKETING
