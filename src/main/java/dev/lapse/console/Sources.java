package dev.lapse.console;

import dev.lapse.doctor.Diagnosis;
import dev.lapse.expiration.Refusal;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.pause.Pauses;
import dev.lapse.relay.RelayStatus;
import dev.lapse.replay.Replays;
import dev.lapse.status.Status;
import dev.lapse.status.StatusReader;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the console shows, where to ask for it.
 *
 * @param health of each worker of this instance that is switched on; asks no server
 * @param relay of this instance, if it is switched on
 * @param watched what the watch has read, if it is switched on and the database answers
 * @param failing checks that fail
 * @param refused approvals that this instance could not expire
 * @param longTransaction one that keeps the database from cleaning up
 * @param late how long an approval may be overdue before somebody should look
 * @param off the workers of this instance that are switched off
 * @param name of the relay
 * @param instance host and process
 * @param open whether a password is set
 */
record Sources(
    StatusReader reader,
    LatestEvents events,
    DeadLetters deadLetters,
    Pauses pauses,
    Replays replays,
    Supplier<Map<String, Facts.Worker>> health,
    Supplier<Optional<RelayStatus>> relay,
    Supplier<Optional<Status.Database>> watched,
    Supplier<List<Diagnosis>> failing,
    Supplier<List<Refusal>> refused,
    Supplier<Optional<Status.Transaction>> longTransaction,
    Duration late,
    List<String> off,
    String name,
    String version,
    String instance,
    boolean open) {}
