package dev.lapse.console;

import dev.lapse.outbox.DeadLetters;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.pause.Pauses;
import dev.lapse.problem.OneLine;
import dev.lapse.replay.Outcome;
import dev.lapse.replay.Plan;
import dev.lapse.replay.Replay;
import dev.lapse.replay.Request;
import dev.lapse.replay.Selection;
import dev.lapse.status.Status;
import dev.lapse.status.StatusReader;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What somebody with the password can do on the page. Each action is asked for twice: a dry run
 * says what it would do and gives a token; the token serves once, for two minutes, and only while
 * what the dry run saw is still so. Nothing here decides an approval. One at a time.
 */
final class Actions {

  private static final Logger log = LoggerFactory.getLogger(Actions.class);

  private static final Duration VALID = Duration.ofMinutes(2);
  private static final int TOKENS = 100;

  /** Above that, the number is to be typed. */
  static final long UNTYPED = 100;

  private static final int LONGEST = 200; // characters

  private static final int BOUND = 100_000;

  private final StatusReader status;
  private final Pauses pauses;
  private final DeadLetters letters;
  private final Replay replay;
  private final Moves moves;
  private final LongSupplier nanoTime;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Planned> tokens =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Planned> eldest) {
          return size() > TOKENS;
        }
      };

  Actions(
      StatusReader status,
      Pauses pauses,
      DeadLetters letters,
      Replay replay,
      Moves moves,
      LongSupplier nanoTime) {
    this.status = status;
    this.pauses = pauses;
    this.letters = letters;
    this.replay = replay;
    this.moves = moves;
    this.nanoTime = nanoTime;
  }

  /**
   * What a dry run found.
   *
   * @param token to do it with
   * @param text what would happen
   * @param count of what it concerns
   * @param typed whether the count is to be typed
   */
  record Preview(String token, String text, long count, boolean typed) {}

  /** It cannot be done, or not in this way; the message says why. */
  static final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int code;

    RefusedException(int code, String message) {
      super(message);
      this.code = code;
    }

    /** The HTTP status. */
    int code() {
      return code;
    }
  }

  /**
   * Changes nothing.
   *
   * @param action resume, requeue, replay, extend, extend-due or extend-overdue
   * @param target expiration or relay; a dead letter's id or all; an outbox id; an approval's id;
   *     empty
   * @param within the window of an extension
   * @param by how far it moves a deadline
   */
  synchronized Preview preview(String action, String target, String within, String by)
      throws SQLException, InterruptedException {
    Planned planned =
        switch (action) {
          case "resume" -> resuming(part(target));
          case "requeue" -> requeueing(target);
          case "replay" -> replaying(id(target));
          case "extend", "extend-due", "extend-overdue" ->
              extending(action, target, moves.plan(action, target, within, by));
          default -> throw new RefusedException(400, "There is no action \"" + action + "\".");
        };
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    String token = HexFormat.of().formatHex(bytes);
    tokens.put(token, planned);
    return new Preview(token, planned.text(), planned.count(), planned.count() > UNTYPED);
  }

  /**
   * Does what the dry run of {@code token} has described.
   *
   * @param typed the count, where it is to be typed
   * @param name who does it, for the log
   * @param reason why, for the log
   * @return what was done, as a sentence
   */
  synchronized String act(String token, @Nullable Long typed, String name, String reason) {
    Planned planned = tokens.get(token);
    if (planned == null || nanoTime.getAsLong() - planned.at() > VALID.toNanos()) {
      tokens.remove(token);
      throw new RefusedException(
          409, "This was done already, or asked for more than two minutes ago. Ask again.");
    }
    if (name.isBlank()
        || reason.isBlank()
        || name.length() > LONGEST
        || reason.length() > LONGEST) {
      throw new RefusedException(
          400, "Give your name and a reason, each of 1 to %d characters.".formatted(LONGEST));
    }
    if (planned.count() > UNTYPED && !Objects.equals(typed, planned.count())) {
      throw new RefusedException(
          400, "Type the number %d to confirm it.".formatted(planned.count()));
    }
    tokens.remove(token);
    String done = planned.deed().act(OneLine.of(name), OneLine.of(reason));
    log.info(
        "Console action done action={} target={} count={} by=\"{}\" reason=\"{}\"",
        planned.action(),
        planned.target(),
        planned.count(),
        OneLine.of(name),
        OneLine.of(reason));
    return done;
  }

  private Planned resuming(Part part) {
    Pause paused =
        pauses
            .find(part)
            .orElseThrow(() -> new RefusedException(409, part.word() + " is not paused."));
    Status.Database now = status.database(new Status.Look(BOUND, 0, 0));
    Status.Count count = part == Part.EXPIRATION ? now.due() : now.backlog();
    String text =
        part == Part.EXPIRATION
            ? "%s approvals are overdue. All of them expire at once; that cannot be undone."
                .formatted(count)
            : "%s events wait. All of them are published.".formatted(count);
    return planned(
        "resume",
        part.word(),
        text,
        count.count(),
        (name, reason) -> {
          boolean same =
              pauses.find(part).filter(pause -> pause.since().equals(paused.since())).isPresent();
          if (!same || !pauses.resume(part)) {
            throw new RefusedException(409, "The pause has changed meanwhile. Ask again.");
          }
          return part.word() + " resumed.";
        });
  }

  private Planned requeueing(String target) {
    List<Long> ids =
        letters.list().stream()
            .map(DeadLetters.Row::id)
            .filter(id -> target.equals("all") || id.equals(id(target)))
            .toList();
    if (ids.isEmpty()) {
      throw new RefusedException(409, "There is no such dead letter any more.");
    }
    return planned(
        "requeue",
        target,
        "%d dead letters are tried again, each with the events that wait for it."
            .formatted(ids.size()),
        ids.size(),
        (name, reason) -> {
          int requeued = letters.requeue(ids);
          return "Dead letters requeued: %d. The relay retries them within seconds."
              .formatted(requeued);
        });
  }

  private Planned replaying(long id) throws SQLException, InterruptedException {
    Request dry = request(id, "console");
    CountDownLatch go = new CountDownLatch(1);
    Plan plan;
    try {
      plan = replay.plan(dry, go).orElse(null);
    } catch (IllegalStateException e) {
      throw new RefusedException(409, String.valueOf(e.getMessage()));
    }
    if (plan == null || plan.events() == 0) {
      throw new RefusedException(409, "Record %d is not published, or was purged.".formatted(id));
    }
    return planned(
        "replay",
        Long.toString(id),
        "The event of record %d is published again to its topic, with the same event id."
            .formatted(id),
        plan.events(),
        (name, reason) -> {
          Outcome outcome = replay.run(request(id, name), plan, go, progress -> {});
          if (outcome.end() != Outcome.End.DONE) {
            throw new RefusedException(502, "The replay failed: " + outcome.failure());
          }
          return "Events published again: %d.".formatted(outcome.progress().events());
        });
  }

  private Planned extending(String action, String target, Moves.Planned moving) {
    return planned(action, target, moving.text(), moving.count(), moving::move);
  }

  private static Request request(long id, String name) {
    return new Request(
        new Selection(id, id, null, null, null, null, false), 0, null, 0, 1, false, name);
  }

  private Planned planned(String action, String target, String text, long count, Deed deed) {
    return new Planned(nanoTime.getAsLong(), action, target, text, count, deed);
  }

  private static Part part(String word) {
    try {
      return Part.valueOf(word.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new RefusedException(400, "Resume expiration or relay.");
    }
  }

  static long id(String text) {
    if (!text.matches("\\d{1,18}")) {
      throw new RefusedException(400, "\"" + text + "\" is not an outbox id.");
    }
    return Long.parseLong(text);
  }

  @FunctionalInterface
  private interface Deed {
    String act(String name, String reason);
  }

  private record Planned(
      long at, String action, String target, String text, long count, Deed deed) {}
}
