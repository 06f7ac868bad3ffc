package weir.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** The parts of tests/chaos/pipelines.py: numbers that are minted, moved on, and observed. */
final class Pipes extends Worker {
    private static final int HANDED_OVER_MIN = 6; // what one incarnation takes at most for a transaction is drawn from here
    private static final int HANDED_OVER_MAX = 25; // to here
    private static final int LOOK_SECONDS = 10;
    private static final Duration BRIEFLY = Duration.ofMillis(100);

    private int sequence;

    Pipes(String[] arguments) throws IOException {
        super(arguments);
    }

    /** With a listener, partitions come and go in poll alone, also where a member of KIP-848 is told of it meanwhile. */
    private static final ConsumerRebalanceListener INSIDE_POLL = new ConsumerRebalanceListener() {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> gone) {}

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> come) {}
    };

    @Override
    void begin() throws ReflectiveOperationException {
        super.begin();
        sequence = 0;
    }

    private void handOver(String topic, int partition, String number, int amount, int fromPartition, long fromOffset) {
        write("s", txn, topic, partition, sequence);
        send(topic, partition, txn + " " + sequence + " " + number + " " + amount + " " + fromPartition + " " + fromOffset);
        ++sequence;
    }

    /** Some numbers a transaction, to any partitions; some are taken back. */
    void mint() throws Exception {
        connect();
        int made = 0;
        while (running()) {
            begin();
            for (int left = rng.nextInt(1, 10); left > 0; --left) {
                handOver(topics.get(0), rng.nextInt(partitions), name + "/" + made++, rng.nextInt(1, 1000), -1, -1);
            }
            if (rng.nextDouble() < ABORT_SHARE) {
                abort();
            } else {
                end(Map.of(), null);
            }
            pause(rng.nextDouble(0, 10 / rate));
        }
    }

    void move() throws Exception {
        int stage = Integer.parseInt(role.substring(role.lastIndexOf('-') + 1));
        connect();
        KafkaConsumer<String, String> reader = member("movers-" + stage, rng.nextInt(HANDED_OVER_MIN, HANDED_OVER_MAX));
        reader.subscribe(List.of(topics.get(stage)), INSIDE_POLL);
        while (running()) {
            dog.step("poll");
            ConsumerRecords<String, String> records = reader.poll(BRIEFLY);
            // Of this moment, and a member's: brokers can't refuse offsets of who doesn't say who it is.
            ConsumerGroupMetadata metadata = reader.groupMetadata();
            if (records.isEmpty()) {
                continue;
            }
            if (metadata.generationId() < 0) {
                write("e", null, "poll", "records of a member that is none any more");
                goBack(reader, records.partitions());
                continue;
            }
            begin();
            Map<TopicPartition, OffsetAndMetadata> places = new HashMap<>();
            for (ConsumerRecord<String, String> r : records) {
                pass(stage, r);
                places.put(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1));
            }
            if (rng.nextDouble() < ABORT_SHARE) {
                abort();
                goBack(reader, places.keySet());
            } else if (!end(places, metadata)) {
                goBack(reader, places.keySet());
            }
        }
    }

    /** Where a record goes, and with how much: the first stage parts every amount in two. */
    private void pass(int stage, ConsumerRecord<String, String> r) {
        String[] words = r.value().split(" ");
        String target = topics.get(stage + 1);
        int amount = Integer.parseInt(words[3]);
        int part = stage == 0 ? amount / 3 : amount;
        handOver(target, r.partition(), words[2], part, r.partition(), r.offset());
        if (stage == 0) {
            handOver(target, (r.partition() + 1) % partitions, words[2], amount - part, r.partition(), r.offset());
        }
    }

    /** To where the last committed transaction ended. */
    private void goBack(KafkaConsumer<String, String> reader, Collection<TopicPartition> places) {
        Set<TopicPartition> held = new HashSet<>(reader.assignment());
        held.retainAll(places);
        dog.step("committed");
        reader.committed(held).forEach((partition, at) -> reader.seek(partition, at == null ? 0 : at.offset()));
    }

    /** Reads committed records of all topics, in sessions, from the start. */
    void observe() {
        List<TopicPartition> all = new ArrayList<>();
        for (String topic : topics) {
            for (int p = 0; p < partitions; ++p) {
                all.add(new TopicPartition(topic, p));
            }
        }
        while (running()) {
            write("n");
            try (KafkaConsumer<String, String> reader = consumer(Map.of("max.poll.records", 500))) {
                reader.assign(all);
                all.forEach(partition -> reader.seek(partition, 0));
                long until = System.nanoTime() + (long) (rng.nextDouble(3, LOOK_SECONDS) * 1e9);
                while (running() && System.nanoTime() < until) {
                    dog.step("observe");
                    reader.poll(BRIEFLY).forEach(r -> write("r", r.topic(), r.partition(), r.offset(), r.value()));
                }
            }
        }
    }
}
