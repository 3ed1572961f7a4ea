package dev.lapse.console;

import dev.lapse.deadline.Extension;
import dev.lapse.deadline.ExtensionRequest;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.dao.DataIntegrityViolationException;

/** The actions that move deadlines: the dry run counts, and no more than it counted may move. */
final class Moves {

  /** Of the dry run, which stores none. */
  private static final String NO_REASON = "dry run";

  private final Extension extension;

  Moves(Extension extension) {
    this.extension = extension;
  }

  /**
   * @param within the window, such as {@code 2h}; empty for none
   * @param by how far, such as {@code 4h}
   */
  Planned plan(String action, String id, String within, String by) {
    ExtensionRequest dry = request(action, id, within, by);
    extension
        .missingPrivilege()
        .ifPresent(
            grant -> {
              throw new Actions.RefusedException(
                  409, "This role may not move deadlines. As the owner of the table: " + grant);
            });
    Extension.Plan plan = plan(dry);
    if (plan.approvals() == 0) {
      throw new Actions.RefusedException(
          409, "Nothing would move. " + String.join(" ", extension.states(dry.ids())).strip());
    }
    if (plan.approvals() > dry.max()) {
      throw new Actions.RefusedException(
          409,
          "%d approvals are selected, more than %d. Use lapse extend with a higher --max."
              .formatted(plan.approvals(), dry.max()));
    }
    String text =
        plan.approvals() == 1
            ? "1 deadline, %s, moves by %s.".formatted(plan.first(), by)
            : "%d deadlines, from %s to %s, move by %s."
                .formatted(plan.approvals(), plan.first(), plan.last(), by);
    return new Planned(dry, plan, text);
  }

  private static ExtensionRequest request(String action, String id, String within, String by) {
    boolean window = !action.equals("extend");
    if (window ? !id.isEmpty() : id.isEmpty() || !within.isEmpty()) {
      throw new Actions.RefusedException(400, "Extend one approval by its id, or a window.");
    }
    try {
      return new ExtensionRequest(
          window ? List.of() : List.of(id),
          within.isEmpty() ? null : duration(within),
          action.equals("extend-overdue"),
          Map.of(),
          duration(by),
          null,
          NO_REASON,
          ExtensionRequest.DEFAULT_MAX,
          "console");
    } catch (IllegalArgumentException e) {
      throw new Actions.RefusedException(
          400, String.valueOf(e.getMessage()).replace("--due-within", "the window"));
    }
  }

  private static Duration duration(String text) {
    if (!text.toLowerCase(Locale.ROOT).matches("\\d{1,6}[smhd]")) {
      throw new Actions.RefusedException(400, "Give a time such as 30m, 4h or 2d.");
    }
    return DurationStyle.detectAndParse(text.toLowerCase(Locale.ROOT));
  }

  /** An id of another type is none. */
  private Extension.Plan plan(ExtensionRequest request) {
    try {
      return extension.plan(request);
    } catch (DataIntegrityViolationException e) {
      throw new Actions.RefusedException(409, "There is no such approval.");
    }
  }

  /** What a dry run has counted. */
  final class Planned {

    private final ExtensionRequest dry;
    private final Extension.Plan plan;
    private final String text;

    private Planned(ExtensionRequest dry, Extension.Plan plan, String text) {
      this.dry = dry;
      this.plan = plan;
      this.text = text;
    }

    long count() {
      return plan.approvals();
    }

    String text() {
      return text;
    }

    /** Fewer may have become movable meanwhile; one that was named must be as it was. */
    String move(String name, String reason) {
      if (!dry.ids().isEmpty() && !Objects.equals(plan(dry), plan)) {
        throw new Actions.RefusedException(409, "The deadline has changed meanwhile. Ask again.");
      }
      Extension.Outcome outcome;
      try {
        outcome = extension.run(request(name, reason), new CountDownLatch(1), moved -> {});
      } catch (IllegalArgumentException e) {
        throw new Actions.RefusedException(
            409, "More approvals are selected than before. Nothing was moved. Ask again.");
      }
      return "Deadlines moved: %d%s. Extension: %s"
          .formatted(
              outcome.moved(),
              outcome.left() == 0 ? "" : ", held or refused: " + outcome.left(),
              outcome.id());
    }

    private ExtensionRequest request(String name, String reason) {
      return new ExtensionRequest(
          dry.ids(),
          dry.dueWithin(),
          dry.overdue(),
          dry.where(),
          dry.by(),
          dry.to(),
          reason,
          plan.approvals(),
          name);
    }
  }
}
