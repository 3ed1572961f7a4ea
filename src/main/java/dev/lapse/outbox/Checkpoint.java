package dev.lapse.outbox;

/**
 * A position as the database itself keeps it.
 *
 * @param position what was published when it was written
 * @param writtenAt where the database's log stood then: a database that holds this checkpoint holds
 *     everything before that
 */
public record Checkpoint(Position position, Lsn writtenAt) {}
