"""Alerta, the alert console that teams like ours run today, as the other end of the scale."""
