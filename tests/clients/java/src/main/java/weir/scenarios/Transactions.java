package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.fails;
import static weir.scenarios.Stage.numbers;
import static weir.scenarios.Stage.same;
import static weir.scenarios.Stage.sameValues;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;

/** Producers with a transactional id, and those who read only what is committed. */
final class Transactions {
    private static final String AREA = "transactions";

    static List<Scenario> all() {
        return List.of(
            Scenario.of(AREA, "tx-commit-abort", "commits are read, aborts are not", Transactions::commitAndAbort),
            Scenario.of(AREA, "tx-open", "what comes after an open transaction waits for it", Transactions::open),
            Scenario.of(AREA, "tx-fencing", "a second producer of the same id fences the first", Transactions::fencing),
            Scenario.of(AREA, "tx-timeout", "the broker aborts what stays open too long", Transactions::timeout),
            Scenario.of(AREA, "tx-offsets-classic", "offsets go with the transaction, a zombie's do not (classic protocol)",
                stage -> offsets(stage, "classic")),
            Scenario.of(AREA, "tx-offsets-consumer",
                "offsets go with the transaction, a zombie's do not (consumer protocol)", stage -> offsets(stage, "consumer")),
            Scenario.of(AREA, "tx-copy-killed", "a copier is killed and restarted: each record once", Transactions::copyKilled));
    }

    private static void send(KafkaProducer<String, String> producer, String topic, int from, int to) {
        for (int n = from; n < to; ++n) {
            producer.send(new ProducerRecord<>(topic, n % 3, null, "" + n));
        }
    }

    private static void commitAndAbort(Stage stage) throws Exception {
        String topic = stage.topic("one", 3);
        KafkaProducer<String, String> producer = stage.transactional(stage.name);
        List<String> committed = new ArrayList<>();
        for (int round = 0; round < 20; ++round) {
            producer.beginTransaction();
            send(producer, topic, round * 30, round * 30 + 30);
            if (round % 3 == 1) {
                producer.flush();
                producer.abortTransaction();
            } else {
                producer.commitTransaction();
                committed.addAll(numbers(round * 30, round * 30 + 30));
            }
        }
        sameValues(committed, stage.committed(topic), "what is read of committed transactions");
        sameValues(numbers(0, 600), stage.values(topic, "read_uncommitted"), "what is read of all");
    }

    private static void open(Stage stage) throws Exception {
        String topic = stage.topic("one", 1);
        KafkaProducer<String, String> producer = stage.transactional(stage.name);
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, "open")).get();
        stage.produce(topic, 0, 10);
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var reader = stage.consumer("isolation.level", "read_committed")) {
            reader.assign(List.of(partition));
            reader.seekToBeginning(List.of(partition));
            same(0L, reader.endOffsets(List.of(partition)).get(partition), "the last stable offset");
            check(reader.poll(Duration.ofMillis(500)).isEmpty(), "nothing is read beyond an open transaction");
            producer.commitTransaction();
            List<String> read = new ArrayList<>();
            eventually("all is read once it is committed", () -> {
                reader.poll(Duration.ofMillis(200)).forEach(r -> read.add(r.value()));
                return read.size() == 11;
            });
            same("open", read.get(0), "the first record");
        }
    }

    private static void fencing(Stage stage) throws Exception {
        String topic = stage.topic("one", 3);
        KafkaProducer<String, String> first = stage.transactional(stage.name);
        first.beginTransaction();
        send(first, topic, 0, 30);
        first.flush();
        KafkaProducer<String, String> second = stage.transactional(stage.name); // aborts what the first left open
        fails("a commit of the fenced one", () -> {
            first.commitTransaction();
            return null;
        }, List.of(ProducerFencedException.class, InvalidProducerEpochException.class));
        second.beginTransaction();
        send(second, topic, 100, 130);
        second.commitTransaction();
        sameValues(numbers(100, 130), stage.committed(topic), "what is read");
    }

    static TransactionState state(Stage stage, String id) throws Exception {
        return stage.admin.describeTransactions(List.of(id)).all().get().get(id).state();
    }

    private static void timeout(Stage stage) throws Exception {
        String topic = stage.topic("one", 3);
        KafkaProducer<String, String> producer = stage.transactional(stage.name, "transaction.timeout.ms", 1000);
        producer.beginTransaction();
        send(producer, topic, 0, 30);
        producer.flush();
        eventually("the broker aborts", () -> state(stage, stage.name) == TransactionState.COMPLETE_ABORT);
        // It is taken for the repeat of an end that was an abort: no producer survives that.
        fails("a commit after that", () -> {
            producer.commitTransaction();
            return null;
        }, List.of(InvalidTxnStateException.class));
        stage.produce(topic, 100, 110);
        sameValues(numbers(100, 110), stage.committed(topic), "what is read");
        KafkaProducer<String, String> next = stage.transactional(stage.name);
        next.beginTransaction();
        send(next, topic, 200, 230);
        next.commitTransaction();
        same(40, stage.committed(topic).size(), "records that are read");
    }

    private static long committed(Stage stage, TopicPartition partition) throws Exception {
        OffsetAndMetadata at = stage.admin.listConsumerGroupOffsets(stage.name).partitionsToOffsetAndMetadata().get().get(partition);
        return at == null ? -1 : at.offset();
    }

    private static void offsets(Stage stage, String protocol) throws Exception {
        String topic = stage.topic("one", 2);
        String out = stage.topic("out", 3);
        TopicPartition partition = new TopicPartition(topic, 0);
        Member a = Member.of(stage, "a", stage.name, List.of(topic), "group.protocol", protocol);
        Member.settled("first", stage.partitions(topic), a);
        eventually("it knows its generation", () -> a.metadata != null && a.metadata.generationId() >= 0);
        ConsumerGroupMetadata before = a.metadata;
        KafkaProducer<String, String> producer = stage.transactional(stage.name);
        for (boolean commit : new boolean[] {false, true}) {
            producer.beginTransaction();
            send(producer, out, commit ? 100 : 0, commit ? 130 : 30);
            producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(7, "noted")), before);
            same(-1L, committed(stage, partition), "the offset while the transaction is open");
            if (commit) {
                producer.commitTransaction();
                eventually("the offset is there once it is committed", () -> committed(stage, partition) == 7);
            } else {
                producer.abortTransaction();
                same(-1L, committed(stage, partition), "the offset of an aborted transaction");
            }
        }
        Member b = Member.of(stage, "b", stage.name, List.of(topic), "group.protocol", protocol);
        Member.settled("another came", stage.partitions(topic), a, b);
        a.close();
        Member.settled("the first left", stage.partitions(topic), b);
        producer.beginTransaction();
        send(producer, out, 200, 230);
        fails("offsets of a member that is none any more", () -> {
            producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(9)), before);
            return null;
        }, List.of(CommitFailedException.class));
        producer.abortTransaction();
        same(7L, committed(stage, partition), "the offset in the end");
        sameValues(numbers(100, 130), stage.committed(out), "what is read");
    }

    private static void copyKilled(Stage stage) throws Exception {
        String from = stage.topic("from", 3);
        String to = stage.topic("to", 3);
        stage.produce(from, 0, 3000);
        int next = 3000;
        for (int life = 0; life < 4; ++life) {
            // The last one is let work to the end.
            int wanted = life == 3 ? next : 400 + 600 * life;
            Child copier = stage.keep(new Child(stage.work.resolve(stage.name + ".log"), "weir.scenarios.Copier", stage.bootstrap,
                from, to, stage.name));
            eventually(wanted + " are copied", () -> {
                copier.mustRun();
                return stage.ends(to).values().stream().mapToLong(n -> n).sum() > 0
                    && stage.values(to, "read_committed").size() >= wanted;
            });
            if (life < 3) {
                copier.kill();
                stage.produce(from, next, next + 300);
                next += 300;
            } else {
                check(copier.stop(), "the copier ends when it is told to");
            }
        }
        sameValues(numbers(0, next), stage.values(to, "read_committed"), "what was copied");
        ClassicGroups.committed(stage, stage.name, List.of(from));
    }
}
