/**
 * What goes wrong in production, done on purpose: the service as a process of its own, between it
 * and its servers a network that can be cut, slowed and made to swallow, and around it servers that
 * are killed, paused and started again.
 *
 * <p>{@link dev.lapse.fault.TcpProxy} stands between; a {@link dev.lapse.fault.Trap} in it springs
 * when a certain request or answer passes, so that a fault comes at the very moment that a test is
 * about. {@link dev.lapse.fault.KafkaProcesses} are the brokers. Tests judge by the history: what
 * was committed and what a consumer saw.
 */
@NullMarked
package dev.lapse.fault;

import org.jspecify.annotations.NullMarked;
