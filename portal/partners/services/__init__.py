"""Every change to partners, members, agreements, tiers and entitlements."""
