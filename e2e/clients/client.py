"""Prints what a session sees: a select, a parameterised select, the columns of users. Arguments: host port database user password."""
import sys

import psycopg
from psycopg.types import TypeInfo

host, port, database, user, password = sys.argv[1:]
with psycopg.connect(host=host, port=port, dbname=database, user=user, password=password, sslmode="disable") as conn:
    print("videos", conn.execute("SELECT count(*) FROM videos").fetchone()[0])
    bound = conn.execute("SELECT user_id, email FROM users WHERE country = %s ORDER BY created_at LIMIT 1", ["IE"]).fetchone()
    print("email", bound[1])
    with conn.cursor(name="served") as served:  # declared by SQL, described by the protocol, fetched by SQL
        served.execute("SELECT user_id, email FROM users WHERE country = %s ORDER BY created_at", ["IE"])
        assert served.fetchone() == bound and [column.name for column in served.description] == ["user_id", "email"]
    assert TypeInfo.fetch(conn, "visibility").name == "visibility" and TypeInfo.fetch(conn, "hstore") is None  # SQLAlchemy asks before all else
    columns = conn.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position", ["users"])
    print("columns", *(row[0] for row in columns))
