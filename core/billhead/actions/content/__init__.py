"""The pages that an operator writes for the shop: its front, imprint, terms, channel list …"""
