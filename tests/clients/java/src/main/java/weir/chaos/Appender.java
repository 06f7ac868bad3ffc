package weir.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/** The part of tests/chaos/appends.py, where its discipline is told: transactions that append to lists and read them. */
final class Appender extends Worker implements ConsumerRebalanceListener {
    private static final String GROUP = "appenders";
    private static final long SEES_NANOS = 20_000_000_000L; // within which an owner sees what its predecessor committed

    private final String topic;
    private final Map<Integer, Long> mustSee = new TreeMap<>(); // of each list that is ours: before it all must have been read
    private final Map<Integer, Integer> toldOf = new HashMap<>(); // how much of each list the history has
    private Committed lists;
    private KafkaConsumer<String, String> member;
    private ConsumerGroupMetadata metadata;
    private boolean fresh = true;

    Appender(String[] arguments) throws IOException {
        super(arguments);
        topic = topics.get(0);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> gone) {
        fresh = true;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> come) {
        fresh = true;
        member.pause(come);
    }

    void append() throws Exception {
        connect();
        lists = new Committed(this, topic);
        member = member(GROUP, 1);
        member.subscribe(List.of(topic), this);
        while (running()) {
            step();
            pause(rng.nextDouble(0, 2 / rate));
        }
    }

    /** Lists, and the member's word that they are ours, of one moment: only the next poll takes a rebalance in. */
    private List<Integer> owned() {
        dog.step("poll");
        member.poll(Duration.ofMillis(20));
        Set<TopicPartition> held = member.assignment();
        metadata = member.groupMetadata();
        if (metadata.generationId() < 0) {
            fresh = true; // no member any more; brokers could not refuse its offsets
            return List.of();
        }
        if (fresh) {
            fresh = false;
            mustSee.clear();
            dog.step("committed");
            member.committed(new HashSet<>(held)).forEach((p, at) -> mustSee.put(p.partition(), at == null ? 0 : at.offset()));
        }
        return new ArrayList<>(mustSee.keySet());
    }

    /** Whether it could be read far enough. */
    private boolean read(int key, boolean guarded) {
        long until = System.nanoTime() + SEES_NANOS;
        long atLeast = guarded ? mustSee.get(key) : 0;
        while (System.nanoTime() < until) {
            dog.step("read");
            long end = lists.end(key, 3);
            if (end < 0 || end < atLeast) {
                continue;
            }
            List<String> values = lists.read(key, end, 5);
            if (values == null) {
                continue;
            }
            int before = toldOf.getOrDefault(key, 0);
            if (values.size() < before) {
                write("e", txn, "reads", "an older end than before");
                continue;
            }
            write("r", txn, key, before, values.subList(before, values.size()), guarded);
            toldOf.put(key, values.size());
            return true;
        }
        write("e", txn, "reads", atLeast > 0 ? "not to " + atLeast : "nothing");
        return false;
    }

    private boolean readAll(List<Integer> keys, boolean guarded) {
        return keys.stream().allMatch(key -> read(key, guarded));
    }

    /** To each of these some elements; each list's offset behind them, or null when not all were taken. */
    private Map<TopicPartition, OffsetAndMetadata> appendTo(List<Integer> mine) throws InterruptedException {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        for (int key : mine) {
            for (int left = rng.nextInt(1, 4); left > 0; --left) {
                String element = txn + "#" + answers.size();
                write("s", txn, key, element);
                answers.add(send(topic, key, element));
            }
        }
        dog.step("flush");
        producer.flush();
        Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
        for (Future<RecordMetadata> answer : answers) {
            try {
                RecordMetadata record = answer.get();
                if (!record.hasOffset()) {
                    write("e", txn, "produce", "no offset");
                    return null;
                }
                ends.put(new TopicPartition(topic, record.partition()), new OffsetAndMetadata(record.offset() + 1));
            } catch (ExecutionException refused) {
                failed("produce", refused.getCause());
                return null;
            }
        }
        return ends;
    }

    private List<Integer> some(List<Integer> of, int count) {
        List<Integer> shuffled = new ArrayList<>(of);
        Collections.shuffle(shuffled, rng);
        return shuffled.subList(0, Math.min(count, shuffled.size()));
    }

    private void step() throws Exception {
        List<Integer> owned = owned();
        if (owned.isEmpty()) {
            return;
        }
        List<Integer> mine = some(owned, List.of(1, 1, 2, 3).get(rng.nextInt(4)));
        List<Integer> others = new ArrayList<>();
        for (int key = 0; key < partitions; ++key) {
            if (!mine.contains(key)) {
                others.add(key);
            }
        }
        List<Integer> before = some(others, rng.nextInt(2));
        List<Integer> behind = some(others, rng.nextInt(2));
        begin();
        fresh = !make(mine, before, behind) || fresh;
    }

    /** Whether it was committed. */
    private boolean make(List<Integer> mine, List<Integer> before, List<Integer> behind) throws InterruptedException {
        Map<TopicPartition, OffsetAndMetadata> ends =
            readAll(mine, true) && readAll(before, false) ? appendTo(mine) : null;
        if (ends == null || rng.nextDouble() < ABORT_SHARE || !readAll(behind, false)) {
            abort();
            return false;
        }
        if (!end(ends, metadata)) {
            return false;
        }
        ends.forEach((partition, at) -> mustSee.put(partition.partition(), at.offset()));
        return true;
    }
}
