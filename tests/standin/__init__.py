"""A stand-in for Alipay, WeChat Pay and Stripe: one server on loopback that speaks their protocols, keeps its
own books, and lies when a table tells it to.

    python -m tests.standin --port 8700 --faults faults.toml
"""
