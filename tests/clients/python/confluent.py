"""confluent-kafka: librdkafka from Python."""

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicCollection, TopicPartition, libversion
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic,
                                   OffsetSpec, ResourceType)

import contract


def producer(bootstrap, **options):
    return Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", **options})


def produce(bootstrap, topic, compression, path):
    client = producer(bootstrap, **{"compression.type": compression, "linger.ms": 20})
    failures = []

    def delivered(error, _message):
        if error:
            failures.append(error)

    for key, value in contract.records(path):
        while True:
            try:
                client.produce(topic, value, key, on_delivery=delivered)
                break
            except BufferError:  # its queue is full
                client.poll(0.1)
        client.poll(0)
    client.flush()
    if failures:
        raise RuntimeError(f"{len(failures)} records not delivered, the first: {failures[0]}")


def consume(bootstrap, topic, path):
    # The library demands a group id. With assigned partitions and no commits it only asks, in the background, where the
    # group's coordinator is, if the broker lists that API; it reads whether or not there is an answer.
    common = {"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False,
              "enable.auto.offset.store": False, "enable.partition.eof": True}
    client = Consumer(common)
    # With what is not committed yet: the end that is read to must not be too early.
    looker = Consumer({**common, "isolation.level": "read_uncommitted"})
    partitions = looker.list_topics(topic, 30).topics[topic].partitions
    ends = {p: looker.get_watermark_offsets(TopicPartition(topic, p), 30)[1] for p in partitions}
    looker.close()
    waiting = {p for p, end in ends.items() if end > 0}
    client.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in waiting])
    with open(path, "wb") as out:
        while waiting:
            for message in client.consume(5000, 1):
                partition, offset = message.partition(), message.offset()
                # The last ones of a topic may be markers of transactions, which nobody is shown.
                if message.error() and message.error().code() == KafkaError._PARTITION_EOF:
                    if offset >= ends[partition]:
                        waiting.discard(partition)
                    continue
                if message.error():
                    raise RuntimeError(message.error())
                if offset < ends[partition]:
                    out.write(contract.record_line(partition, offset, message.key(), message.value()))
                if offset + 1 >= ends[partition]:
                    waiting.discard(partition)
    client.close()


def group(bootstrap, topic, name, count, path):
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": name, "enable.auto.commit": False,
                       "auto.offset.reset": "earliest"})
    client.subscribe([topic])
    reached = {}
    with open(path, "wb") as out:
        while count > 0:
            for message in client.consume(min(count, 5000), 1):
                if message.error():
                    raise RuntimeError(message.error())
                out.write(contract.record_line(message.partition(), message.offset(), message.key(), message.value()))
                reached[message.partition()] = message.offset() + 1
                count -= 1
    client.commit(offsets=[TopicPartition(topic, p, at) for p, at in reached.items()], asynchronous=False)
    client.close()


def copy(bootstrap, source, target, name, transactional_id, count):
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": name, "enable.auto.commit": False,
                       "auto.offset.reset": "earliest"})
    writer = Producer({"bootstrap.servers": bootstrap, "transactional.id": transactional_id})
    writer.init_transactions(60)
    reader.subscribe([source])
    endings = contract.endings()
    while count > 0:
        messages = reader.consume(min(count, 500), 1)
        if any(m.error() for m in messages):
            raise RuntimeError(next(m.error() for m in messages if m.error()))
        if not messages:
            continue
        reached = {m.partition(): m.offset() + 1 for m in messages}
        for commits in next(endings):
            writer.begin_transaction()
            for m in messages:
                writer.produce(target, m.value(), m.key())
            writer.send_offsets_to_transaction([TopicPartition(source, p, at) for p, at in reached.items()],
                                               reader.consumer_group_metadata(), 60)
            if commits:
                writer.commit_transaction(60)
            else:
                writer.abort_transaction(60)
        count -= len(messages)
    reader.close()


def admin(bootstrap):
    client = AdminClient({"bootstrap.servers": bootstrap})
    sender = producer(bootstrap)
    failures = []

    def only(futures):
        (future,) = futures.values()
        return future.result(30)

    def create(topic, partitions, *configs):
        only(client.create_topics([NewTopic(topic, int(partitions), config=dict(c.split("=", 1) for c in configs))]))

    def exists(topic):
        return "yes" if topic in client.list_topics(timeout=30).topics else "no"

    def partitions(topic):
        return len(only(client.describe_topics(TopicCollection([topic]))).partitions)

    def config(topic, name):
        return only(client.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))[name].value

    def set_config(topic, name, value):
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        only(client.incremental_alter_configs(
            [ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])]))

    def add_partitions(topic, total):
        only(client.create_partitions([NewPartitions(topic, int(total))]))

    def send(topic, partition, timestamp, value):
        failures.clear()
        sender.produce(topic, value, partition=int(partition), timestamp=int(timestamp),
                       on_delivery=lambda error, _: error and failures.append(error))
        sender.flush(30)
        if failures:
            raise RuntimeError(failures[0])

    def offset(topic, partition, at):
        specs = {"earliest": OffsetSpec.earliest, "latest": OffsetSpec.latest,
                 "max-timestamp": OffsetSpec.max_timestamp}
        spec = specs[at]() if at in specs else OffsetSpec.for_timestamp(int(at))
        return only(client.list_offsets({TopicPartition(topic, int(partition)): spec})).offset

    def delete_records(topic, partition, before):
        only(client.delete_records([TopicPartition(topic, int(partition), int(before))]))

    def delete(topic):
        only(client.delete_topics([topic]))

    return {"create": create, "exists": exists, "partitions": partitions, "config": config, "set-config": set_config,
            "add-partitions": add_partitions, "send": send, "offset": offset, "delete-records": delete_records,
            "delete": delete}


contract.main("confluent-kafka", produce, consume, group, copy, admin, below=f", librdkafka {libversion()[0]}")
