"""Real processes that are killed and a database that fails, while refunds are on their way.

python -m tests.torture --kills 200 --refunds 1500 --seed 7     # on SQLite; --postgres: on a private server
"""
