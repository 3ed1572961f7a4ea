package dev.lapse.decision;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of decisions.
 *
 * @param enabled whether migrating creates the function {@code decide_approval}, and a trigger that
 *     writes the event of each expiry that no expiry run made; default false
 */
@ConfigurationProperties("lapse.decisions")
record DecisionSettings(@DefaultValue("false") boolean enabled) {}
