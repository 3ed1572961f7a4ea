package dev.lapse.outbox;

/**
 * Which database something was read from, and how far that one was. {@link OriginSource} says where
 * the three are read from.
 *
 * @param systemIdentifier the cluster: a restored dump has another
 * @param timeline the line of history, changed by every failover and point-in-time recovery
 * @param lsn where new WAL was being inserted; everything that was read lies before it
 */
public record Origin(long systemIdentifier, int timeline, Lsn lsn) {}
