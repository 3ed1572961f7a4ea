package dev.lapse.outbox;

/**
 * Which database a statement read, and how far that database was: taken in the same statement, so
 * under the same snapshot, as the rows it comes with.
 *
 * @param systemIdentifier the cluster, from {@code pg_control_system()}: a restored dump has
 *     another
 * @param timeline the line of history, raised by every failover and point-in-time recovery
 * @param lsn where new log was being inserted; everything the snapshot sees lies before it
 * @param snapshot the {@code pg_snapshot} in its text form, {@code xmin:xmax:xip,…}
 * @param lastId the highest outbox id handed out so far, 0 if none was
 */
public record DatabaseState(
    long systemIdentifier, int timeline, Lsn lsn, String snapshot, long lastId) {}
