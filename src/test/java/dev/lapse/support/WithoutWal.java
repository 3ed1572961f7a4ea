package dev.lapse.support;

/**
 * Makes the database of a plain PostgreSQL answer as hosted servers do whose WAL functions do not
 * serve, such as Amazon Aurora. The functions are still there, by names that begin with real_.
 */
public final class WithoutWal {

  /** As a superuser. Renamed, since what is built in is called past its catalog entry. */
  public static final String SQL =
      """
      SET allow_system_table_mods = on;
      DO $$
      DECLARE f text;
      BEGIN
        FOREACH f IN ARRAY ARRAY['pg_current_wal_lsn', 'pg_current_wal_insert_lsn',
                                 'pg_current_wal_flush_lsn'] LOOP
          EXECUTE format('ALTER FUNCTION pg_catalog.%I() RENAME TO %I', f, 'real_' || f);
          EXECUTE format($f$CREATE FUNCTION pg_catalog.%I() RETURNS pg_lsn LANGUAGE plpgsql AS $b$
            BEGIN RAISE EXCEPTION 'wal_level must be set to ''logical''' USING ERRCODE = '55000';
            END $b$ $f$, f);
        END LOOP;
        ALTER FUNCTION pg_catalog.pg_walfile_name(pg_lsn) RENAME TO real_pg_walfile_name;
        CREATE FUNCTION pg_catalog.pg_walfile_name(lsn pg_lsn) RETURNS text LANGUAGE plpgsql AS $b$
          BEGIN RAISE EXCEPTION 'Function pg_walfile_name() is currently not supported for Aurora'
            USING ERRCODE = '0A000'; END $b$;
      END $$;
      RESET allow_system_table_mods
      """;

  private WithoutWal() {}
}
