"""The channels of a line on an Enigma2 receiver."""
