package dev.lapse.deadline;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether there is a ladder, and this is an instance that expires: it fires the steps as well. */
public final class LadderIsSet implements Condition {

  @Override
  public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
    Environment environment = context.getEnvironment();
    return environment.getProperty("lapse.expiration.enabled", Boolean.class, true)
        && !Binder.get(environment)
            .bindOrCreate("lapse", DeadlineSettings.class)
            .ladder()
            .isEmpty();
  }
}
