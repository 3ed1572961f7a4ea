import { Kafka } from 'kafkajs';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
// Without these two lines, a connection that the server closes ends the process.
pool.on('error', console.error);
pool.on('connect', (client) => client.on('error', console.error));
const kafka = new Kafka({ brokers: (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',') });
const consumer = kafka.consumer({ groupId: 'reminders', readUncommitted: false });

await consumer.connect();
await consumer.subscribe({ topics: [process.env.TOPIC ?? 'approvals.expired'], fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const header = (name: string) => String(message.headers?.[name] ?? '');
    if (header('ce_type') !== 'ApprovalExpired') return;
    const event = JSON.parse(String(message.value)) as { approvalId: string; expiredAt: string };
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const seen = await client.query(
        'INSERT INTO event_seen (source, id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [header('ce_source'), header('ce_id')],
      );
      if (seen.rowCount === 1) {
        await client.query( // your work, in the same transaction
          'INSERT INTO reminder (approval_id, expired_at) VALUES ($1, $2)',
          [event.approvalId, event.expiredAt],
        );
      }
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error; // the message comes again
    } finally {
      client.release();
    }
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await consumer.disconnect(); // another instance takes over at once
    await pool.end();
  });
}
