package dev.lapse.outbox;

import java.time.Instant;

/**
 * What a statement saw of its database: taken in the same statement, so under the same snapshot, as
 * the rows it comes with.
 *
 * @param origin which database, and how far its log was
 * @param snapshot the {@code pg_snapshot} in its text form, {@code xmin:xmax:xip,…}
 * @param lastId the highest outbox id handed out so far, 0 if none was
 * @param time by the database's clock, to the millisecond
 */
public record DatabaseState(Origin origin, String snapshot, long lastId, Instant time) {}
