package dev.lapse.decision;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which events the approvals table has beside {@code ApprovalExpired}. Each is written by a
 * trigger, in the transaction of the change that it reports.
 *
 * @param decided whether an approval that stops being pending without expiring writes {@code
 *     ApprovalDecided}; default false
 * @param requested whether an approval that is inserted pending writes {@code ApprovalRequested};
 *     default false
 */
@ConfigurationProperties("lapse.events")
record EventSettings(
    @DefaultValue("false") boolean decided, @DefaultValue("false") boolean requested) {}
