package dev.lapse.outbox;

/**
 * Which database something was read from, and how far that one was.
 *
 * @param systemIdentifier the cluster, from {@code pg_control_system()}: a restored dump has
 *     another
 * @param timeline the line of history, raised by every failover and point-in-time recovery
 * @param lsn where new log was being inserted; everything that was read lies before it
 */
public record Origin(long systemIdentifier, int timeline, Lsn lsn) {}
