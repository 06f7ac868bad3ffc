package weir.scenarios;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;

/** A consumer that polls in a thread of its own and commits what it read. */
final class Member implements AutoCloseable, ConsumerRebalanceListener {
    final String name;
    final Queue<String> read = new ConcurrentLinkedQueue<>();
    final Queue<TopicPartition> revoked = new ConcurrentLinkedQueue<>();
    volatile Set<TopicPartition> assigned = Set.of();
    volatile ConsumerGroupMetadata metadata;
    volatile int assignments;
    volatile RuntimeException failed;
    private final KafkaConsumer<String, String> consumer;
    private final Thread thread;
    private volatile boolean ending;

    Member(String name, KafkaConsumer<String, String> consumer, BiConsumer<KafkaConsumer<?, ?>, Member> subscribe) {
        this.name = name;
        this.consumer = consumer;
        subscribe.accept(consumer, this);
        thread = new Thread(this::work, name);
        thread.setDaemon(true);
        thread.start();
    }

    static Member of(Stage stage, String name, String group, Collection<String> topics, Object... configs) {
        Object[] all = java.util.Arrays.copyOf(configs, configs.length + 4);
        all[configs.length] = "group.id";
        all[configs.length + 1] = group;
        all[configs.length + 2] = "client.id";
        all[configs.length + 3] = name;
        return stage.keep(new Member(name, stage.consumer(all), (c, m) -> c.subscribe(topics, m)));
    }

    private void work() {
        try {
            while (!ending) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                records.forEach(r -> read.add(r.value()));
                if (!records.isEmpty()) {
                    commit();
                }
                assigned = Set.copyOf(consumer.assignment());
                metadata = consumer.groupMetadata();
            }
        } catch (RuntimeException error) {
            failed = error;
        } finally {
            assigned = Set.of();
            consumer.close();
        }
    }

    private void commit() {
        try {
            consumer.commitSync();
        } catch (RebalanceInProgressException | CommitFailedException late) {
            // Read again by whoever has the partition next, as users see it.
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        ++assignments;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        revoked.addAll(partitions);
    }

    /** Leaves the group. */
    @Override
    public void close() {
        ending = true;
        try {
            thread.join(30_000);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    static void noneFailed(List<Member> members) {
        for (Member m : members) {
            if (m.failed != null) {
                throw new AssertionError(m.name + " failed", m.failed);
            }
        }
    }

    /** Waits until the members share exactly `all` and nobody has more than one more than another. */
    static void settled(String when, Set<TopicPartition> all, Member... members) throws Exception {
        List<Member> them = List.of(members);
        Stage.eventually(when + ", " + all.size() + " partitions are shared by " + them.size(), () -> {
            noneFailed(them);
            Set<TopicPartition> shared = new TreeSet<>((a, b) -> a.toString().compareTo(b.toString()));
            int sum = 0;
            int least = Integer.MAX_VALUE;
            int most = 0;
            for (Member m : them) {
                Set<TopicPartition> has = m.assigned;
                shared.addAll(has);
                sum += has.size();
                least = Math.min(least, has.size());
                most = Math.max(most, has.size());
            }
            return sum == all.size() && shared.containsAll(all) && most - least <= 1;
        }, () -> them.stream().map(m -> m.name + " has " + m.assigned).toList().toString());
    }
}
