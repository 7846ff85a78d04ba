"""The verbs of certification.

Rows are locked in one order, whoever comes: attempt or credential, then partner.
"""
