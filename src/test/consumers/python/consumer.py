import json
import os
import signal
import sys

import psycopg2
from confluent_kafka import Consumer, KafkaException

database = psycopg2.connect(os.environ["DATABASE_URL"])
consumer = Consumer({
    "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "localhost:9092"),
    "group.id": "reminders-python",
    "isolation.level": "read_committed",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
})
consumer.subscribe([os.environ.get("TOPIC", "approvals.expired")])
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
try:
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        headers = {name: value.decode() for name, value in message.headers() or []}
        if headers.get("ce_type") == "ApprovalExpired":
            event = json.loads(message.value())
            with database, database.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO event_seen (source, id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                    (headers["ce_source"], headers["ce_id"]),
                )
                if cursor.rowcount == 1:
                    cursor.execute(  # your work, in the same transaction
                        "INSERT INTO reminder (approval_id, expired_at) VALUES (%s, %s)",
                        (event["approvalId"], event["expiredAt"]),
                    )
        consumer.commit(message, asynchronous=False)
finally:
    consumer.close()  # another instance takes over at once
