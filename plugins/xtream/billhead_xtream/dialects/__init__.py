"""One file per way in which panels of the family are told what to do."""
