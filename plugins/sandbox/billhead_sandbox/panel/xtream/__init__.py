"""An Xtream panel of the `xui` dialect: the admin API for billing, and what players and MAG boxes see."""
