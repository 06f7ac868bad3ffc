"""kafka-python: the protocol in pure Python."""

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec

import contract


def producer(bootstrap, **options):
    return KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", **options)


def produce(bootstrap, topic, compression, path):
    client = producer(bootstrap, compression_type=None if compression == "none" else compression,
                      linger_ms=20, batch_size=128 * 1024)
    sent = [client.send(topic, value, key) for key, value in contract.records(path)]
    client.flush()
    for future in sent:
        future.get(0)
    client.close()


def consume(bootstrap, topic, path):
    client = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False,
                           auto_offset_reset="earliest")
    partitions = [TopicPartition(topic, p) for p in client.partitions_for_topic(topic)]
    ends = client.end_offsets(partitions)
    waiting = {partition for partition, end in ends.items() if end > 0}
    client.assign(list(waiting))
    client.seek_to_beginning()
    with open(path, "wb") as out:
        while waiting:
            for partition, messages in client.poll(1000, max_records=5000).items():
                for message in messages:
                    if message.offset < ends[partition]:
                        out.write(contract.record_line(partition.partition, message.offset, message.key,
                                                       message.value))
                if messages[-1].offset + 1 >= ends[partition]:
                    waiting.discard(partition)
    client.close()


def group(bootstrap, topic, name, count, path):
    client = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=name, enable_auto_commit=False,
                           auto_offset_reset="earliest")
    reached = {}
    with open(path, "wb") as out:
        while count > 0:
            for partition, messages in client.poll(1000, max_records=min(count, 5000)).items():
                for message in messages:
                    out.write(contract.record_line(partition.partition, message.offset, message.key, message.value))
                    reached[partition] = OffsetAndMetadata(message.offset + 1, "", -1)
                    count -= 1
    client.commit(reached)
    client.close()


def copy(bootstrap, source, target, name, transactional_id, count):
    reader = KafkaConsumer(source, bootstrap_servers=bootstrap, group_id=name, enable_auto_commit=False,
                           auto_offset_reset="earliest", isolation_level="read_committed")
    writer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=transactional_id)
    writer.init_transactions()
    endings = contract.endings()
    while count > 0:
        polled = reader.poll(1000, max_records=min(count, 500))
        if not polled:
            continue
        reached = {p: OffsetAndMetadata(messages[-1].offset + 1, "", -1) for p, messages in polled.items()}
        for commits in next(endings):
            writer.begin_transaction()
            sent = [writer.send(target, m.value, m.key) for messages in polled.values() for m in messages]
            writer.send_offsets_to_transaction(reached, reader.group_metadata())
            if commits:
                writer.commit_transaction()
                for future in sent:
                    future.get(0)
            else:
                writer.abort_transaction()
        count -= sum(map(len, polled.values()))
    reader.close()
    writer.close()


def admin(bootstrap):
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    sender = producer(bootstrap)

    def create(topic, partitions, *configs):
        client.create_topics({topic: {"num_partitions": int(partitions),
                                      "configs": dict(c.split("=", 1) for c in configs)}})

    def exists(topic):
        return "yes" if topic in client.list_topics() else "no"

    def partitions(topic):
        return len(client.describe_topics([topic])[0]["partitions"])

    def config(topic, name):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        return client.describe_configs([resource], config_filter="all")["topic"][topic][name]["value"]

    def set_config(topic, name, value):
        answer = client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})])
        if answer["topic"][topic] != "OK":
            raise RuntimeError(answer)

    def add_partitions(topic, total):
        client.create_partitions({topic: int(total)})

    def send(topic, partition, timestamp, value):
        sender.send(topic, value.encode(), partition=int(partition), timestamp_ms=int(timestamp)).get(30)

    def offset(topic, partition, at):
        specs = {"earliest": OffsetSpec.EARLIEST, "latest": OffsetSpec.LATEST, "max-timestamp": OffsetSpec.MAX_TIMESTAMP}
        where = TopicPartition(topic, int(partition))
        return client.list_partition_offsets({where: specs[at] if at in specs else int(at)})[where].offset

    def delete_records(topic, partition, before):
        client.delete_records({TopicPartition(topic, int(partition)): int(before)})

    def delete(topic):
        client.delete_topics([topic])

    return {"create": create, "exists": exists, "partitions": partitions, "config": config, "set-config": set_config,
            "add-partitions": add_partitions, "send": send, "offset": offset, "delete-records": delete_records,
            "delete": delete}


contract.main("kafka-python", produce, consume, group, copy, admin)
