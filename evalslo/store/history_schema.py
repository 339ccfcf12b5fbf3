"""The tables of the history, and how an older history comes to have them: SQL that SQLite and PostgreSQL both take."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            run_id TEXT PRIMARY KEY, suite TEXT NOT NULL, service TEXT NOT NULL, environment TEXT NOT NULL,
            started_at TEXT NOT NULL, body TEXT NOT NULL)""",
        "CREATE INDEX runs_by_suite ON runs (suite, started_at)",
        """CREATE TABLE terms (
            service TEXT NOT NULL, suite TEXT NOT NULL, environment TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (service, suite, environment))""",
        """CREATE TABLE series (
            id INTEGER PRIMARY KEY, service TEXT NOT NULL, suite TEXT NOT NULL, environment TEXT NOT NULL,
            objective TEXT NOT NULL, sli TEXT NOT NULL, source TEXT NOT NULL, tag TEXT NOT NULL,
            UNIQUE (service, suite, environment, objective, sli, source, tag))""",
        "CREATE TABLE feeds (source TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (source, id))",
        """CREATE TABLE counts (
            series INTEGER NOT NULL, width_s INTEGER NOT NULL, start BIGINT NOT NULL, good BIGINT NOT NULL,
            bad BIGINT NOT NULL, unmeasured BIGINT NOT NULL, not_applicable BIGINT NOT NULL,
            PRIMARY KEY (series, width_s, start))""",
        """CREATE TABLE overrides (
            id TEXT PRIMARY KEY, service TEXT NOT NULL, created_at TEXT NOT NULL, body TEXT NOT NULL)""",
    ),
)
"""One tuple of statements a version, the oldest first. What has landed here is never changed: a change is one more."""

VERSION = len(MIGRATIONS)
