/**
 * Real servers and real data for the tests. One PostgreSQL and one Kafka a JVM, started by the
 * first test that asks for them and stopped after the last ({@link dev.lapse.support.EndOfTests}).
 *
 * <p>A map, by what a test is about:
 *
 * <table>
 *   <caption>What to use for what</caption>
 *   <tr><td>SQL, a guard, a statement</td><td>{@link dev.lapse.support.TestDatabase#migrated()}, with
 *     {@link dev.lapse.support.Approvals} and {@link dev.lapse.support.Outbox} to fill it</td></tr>
 *   <tr><td>a schema that is not ours yet</td><td>{@link dev.lapse.support.TestDatabase#empty}</td></tr>
 *   <tr><td>the relay, step by step</td><td>{@code dev.lapse.relay.TestRelay} on a test database;
 *     {@link dev.lapse.support.EventConsumer} says what consumers receive</td></tr>
 *   <tr><td>a relay that has published something</td><td>{@link dev.lapse.support.Published}, without
 *     any relay</td></tr>
 *   <tr><td>a command</td><td>{@link dev.lapse.support.Command}: in this JVM, which is fast</td></tr>
 *   <tr><td>exit codes, signals, secrets, the jar</td><td>{@link dev.lapse.support.LapseProcess}: the
 *     service or a command as a process</td></tr>
 *   <tr><td>a crash, a promotion, a restored backup</td><td>{@link dev.lapse.support.OwnPostgres}: a
 *     cluster of the test's own</td></tr>
 *   <tr><td>logins and ACLs of Kafka</td><td>{@link dev.lapse.support.SecureKafka}</td></tr>
 *   <tr><td>a topic, a setting or an ACL that changes</td><td>{@link
 *     dev.lapse.support.KafkaChanges}: returns when the change is in force</td></tr>
 *   <tr><td>what is logged</td><td>{@link dev.lapse.support.Logged}</td></tr>
 *   <tr><td>what other programs read: events, man pages</td><td>{@link dev.lapse.support.Contract} and
 *     {@link dev.lapse.support.Golden}</td></tr>
 *   <tr><td>a pooler, psql, a wrong clock</td><td>{@link dev.lapse.support.PgBouncer}, {@link
 *     dev.lapse.support.Psql}, {@code FakeClock}; left out where the machine lacks them</td></tr>
 *   <tr><td>files and processes of a test</td><td>{@link dev.lapse.support.Leftovers} and {@link
 *     dev.lapse.support.ChildProcess}, which remove them however the tests end</td></tr>
 * </table>
 */
@NullMarked
package dev.lapse.support;

import org.jspecify.annotations.NullMarked;
