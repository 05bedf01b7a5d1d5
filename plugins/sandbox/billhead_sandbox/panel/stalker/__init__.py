"""The Stalker portal: REST v1 for billing, the device API for boxes, the token endpoint for apps."""
