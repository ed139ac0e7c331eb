"""The PostgreSQL that Clinicgraph brings along, for when no `DATABASE_URL` is set.

`EmbeddedPostgres(data_dir)` keeps a cluster in a data directory; one process owns it and hands its DSN to
the others. Its files, all under `<data_dir>/postgres/`:

    cluster/         PostgreSQL's own directory, mode 700
    postgres.log     what PostgreSQL says; moved to postgres.log.1 past 10 MB
    socket/          the Unix socket, in a directory of mode 700 (elsewhere if the path would be too long)
    pg_hba.conf, pg_ident.conf   who may connect: the operating-system user who started it, nobody else

and `<data_dir>/postgres.lock`, held by the owner.
"""

from server.embedded.databases import create_database, drop_database
from server.embedded.errors import EmbeddedPostgresError
from server.embedded.supervisor import EmbeddedPostgres
from server.embedded.temporary import temporary_postgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "create_database", "drop_database", "temporary_postgres"]
