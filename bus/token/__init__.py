"""Signing keys that never leave their token (PKCS#11): a card, a USB stick, a security module, SoftHSM for trials.

Sealing keys cannot live there yet: no token knows X-Wing, so they stay in files.
"""
