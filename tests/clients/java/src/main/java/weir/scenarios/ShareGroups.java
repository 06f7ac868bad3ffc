package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.fails;
import static weir.scenarios.Stage.numbers;
import static weir.scenarios.Stage.same;
import static weir.scenarios.Stage.sameValues;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Share groups (KIP-932): records of one partition go to many members, each for a while. */
final class ShareGroups {
    private static final String AREA = "share groups";

    static List<Scenario> all() {
        return List.of(
            Scenario.of(AREA, "share-implicit", "polls acknowledge what the poll before gave", ShareGroups::implicit),
            Scenario.of(AREA, "share-explicit", "records are accepted, released and rejected one by one", ShareGroups::explicit),
            Scenario.of(AREA, "share-two", "two members share one partition", ShareGroups::two),
            Scenario.of(AREA, "share-lock", "a lock that ends gives the records to another member", ShareGroups::lock),
            Scenario.of(AREA, "share-renew", "a lock that is renewed does not end", ShareGroups::renew),
            Scenario.of(AREA, "share-limit", "a record that is never accepted comes as often as the group says", ShareGroups::limit),
            Scenario.of(AREA, "share-committed", "a group with read_committed gets nothing of aborted transactions",
                ShareGroups::committed),
            Scenario.of(AREA, "share-exact", "no poll gives more records than asked for, by record_limit", ShareGroups::exact),
            Scenario.of(AREA, "share-admin", "groups and offsets are listed, described, altered, deleted", ShareGroups::admin));
    }

    private static void set(Stage stage, String... pairs) throws Exception {
        List<AlterConfigOp> all = new ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) {
            all.add(new AlterConfigOp(new ConfigEntry(pairs[i], pairs[i + 1]), AlterConfigOp.OpType.SET));
        }
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, stage.name);
        stage.admin.incrementalAlterConfigs(Map.of(group, all)).all().get();
        eventually("the group has its configs", () -> {
            var told = stage.admin.describeConfigs(List.of(group)).all().get().get(group);
            return all.stream().allMatch(o -> told.get(o.configEntry().name()).value().equals(o.configEntry().value()));
        });
    }

    private static KafkaShareConsumer<String, String> member(Stage stage, String topic, String mode, Object... configs) {
        KafkaShareConsumer<String, String> made = stage.keep(new KafkaShareConsumer<>(
            Stage.with(Map.of("bootstrap.servers", stage.bootstrap, "group.id", stage.name, "share.acknowledgement.mode", mode), configs),
            new StringDeserializer(), new StringDeserializer()));
        made.subscribe(List.of(topic));
        return made;
    }

    /** One poll of an explicit member; each record gets the type that `how` says. */
    private static List<ConsumerRecord<String, String>> handled(KafkaShareConsumer<String, String> member,
        Function<ConsumerRecord<String, String>, AcknowledgeType> how) {
        List<ConsumerRecord<String, String>> got = new ArrayList<>();
        member.poll(Duration.ofMillis(300)).forEach(r -> {
            got.add(r);
            member.acknowledge(r, how.apply(r));
        });
        member.commitSync().forEach((p, error) -> check(error.isEmpty(), "acknowledgements of " + p + " end with " + error));
        return got;
    }

    private static Map<TopicPartition, SharePartitionOffsetInfo> offsets(Stage stage) throws Exception {
        return stage.admin.listShareGroupOffsets(Map.of(stage.name, new ListShareGroupOffsetsSpec()))
            .partitionsToOffsetInfo(stage.name).get();
    }

    /** What the group is told to be at lags behind what it is (Kafka moves the start when it likes): another member tells. */
    private static void nothingLeft(Stage stage, String topic) throws Exception {
        int before = members(stage);
        try (KafkaShareConsumer<String, String> next = member(stage, topic, "explicit")) {
            List<String> got = new ArrayList<>();
            int[] polls = {0};
            eventually("another member has its partitions, and has looked", () -> {
                next.poll(Duration.ofMillis(200)).forEach(r -> got.add(r.value() + ", delivery " + r.deliveryCount().get()));
                return !got.isEmpty() || members(stage) > before && ++polls[0] >= 8;
            });
            check(got.isEmpty(), "nothing is left, but " + got);
        }
    }

    /** Those that have partitions. */
    private static int members(Stage stage) throws Exception {
        return (int) stage.admin.describeShareGroups(List.of(stage.name)).all().get().get(stage.name).members().stream()
            .filter(m -> !m.assignment().topicPartitions().isEmpty()).count();
    }

    private static void implicit(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest");
        String topic = stage.topic("one", 3);
        stage.produce(topic, 0, 300);
        List<String> got = new ArrayList<>();
        try (KafkaShareConsumer<String, String> a = member(stage, topic, "implicit")) {
            eventually("all are read", () -> {
                a.poll(Duration.ofMillis(200)).forEach(r -> got.add(r.value()));
                return got.size() >= 300;
            }, () -> "but " + got.size());
            a.commitSync(); // what the last poll gave goes back otherwise
        }
        sameValues(numbers(0, 300), got, "what was read");
        nothingLeft(stage, topic);
        stage.produce(topic, 300, 400);
        try (KafkaShareConsumer<String, String> b = member(stage, topic, "implicit")) {
            eventually("the next member goes on", () -> {
                b.poll(Duration.ofMillis(200)).forEach(r -> got.add(r.value()));
                return got.size() >= 400;
            }, () -> "but " + got.size());
            b.commitSync();
        }
        sameValues(numbers(0, 400), got, "what was read by both");
        nothingLeft(stage, topic);
    }

    private static void explicit(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest");
        String topic = stage.topic("one", 1);
        stage.produce(topic, 0, 30);
        KafkaShareConsumer<String, String> a = member(stage, topic, "explicit");
        Map<Integer, List<Integer>> counts = new HashMap<>();
        eventually("all are handled", () -> {
            handled(a, r -> {
                int n = Integer.parseInt(r.value());
                int count = r.deliveryCount().get();
                counts.computeIfAbsent(n, x -> new ArrayList<>()).add(count);
                return n % 3 == 0 ? AcknowledgeType.ACCEPT : n % 3 == 1 ? AcknowledgeType.REJECT
                    : count < 3 ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT;
            });
            return counts.values().stream().mapToInt(List::size).sum() >= 50;
        }, () -> "but " + counts);
        for (int n = 0; n < 30; ++n) {
            same(n % 3 == 2 ? List.of(1, 2, 3) : List.of(1), counts.get(n), "deliveries of " + n);
        }
        nothingLeft(stage, topic);
        check(handled(a, r -> AcknowledgeType.ACCEPT).isEmpty(), "nothing is left");
    }

    private static void two(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest");
        String topic = stage.topic("one", 1);
        List<KafkaShareConsumer<String, String>> members = new ArrayList<>();
        for (int i = 0; i < 2; ++i) {
            members.add(member(stage, topic, "explicit", "max.poll.records", 10));
        }
        List<List<String>> got = List.of(new ArrayList<>(), new ArrayList<>());
        List<String> all = new ArrayList<>();
        int[] sent = {0};
        boolean[] enough = {false};
        eventually("both have read some, together all", () -> {
            if (!enough[0]) {
                stage.produce(topic, sent[0], sent[0] += 20);
            }
            for (int i = 0; i < 2; ++i) {
                for (ConsumerRecord<String, String> r : handled(members.get(i), r -> AcknowledgeType.ACCEPT)) {
                    got.get(i).add(r.value());
                    all.add(r.value());
                }
            }
            enough[0] |= sent[0] >= 2000 || got.stream().allMatch(g -> g.size() > 50);
            return enough[0] && all.size() >= sent[0];
        }, () -> "but " + got.get(0).size() + " and " + got.get(1).size() + " of " + sent[0]);
        check(got.stream().allMatch(g -> g.size() > 50), "both have read some");
        sameValues(numbers(0, sent[0]), all, "what both have read");
        nothingLeft(stage, topic);
    }

    private static void lock(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest", "share.record.lock.duration.ms", "15000");
        String topic = stage.topic("one", 1);
        stage.produce(topic, 0, 5);
        KafkaShareConsumer<String, String> a = member(stage, topic, "explicit");
        List<ConsumerRecord<String, String>> held = new ArrayList<>();
        eventually("the first has them", () -> {
            a.poll(Duration.ofMillis(200)).forEach(held::add);
            return held.size() == 5;
        });
        same(Optional.of(15000), a.acquisitionLockTimeoutMs(), "the lock's time as the member knows it");
        long began = System.nanoTime();
        KafkaShareConsumer<String, String> b = member(stage, topic, "explicit");
        List<ConsumerRecord<String, String>> got = new ArrayList<>();
        eventually("the other one gets them", () -> {
            got.addAll(handled(b, r -> AcknowledgeType.ACCEPT));
            return got.size() >= 5;
        });
        check(System.nanoTime() - began > Duration.ofSeconds(8).toNanos(), "not before the lock's end");
        same(Set.of((short) 2), got.stream().map(r -> r.deliveryCount().get()).collect(Collectors.toSet()), "their deliveries");
        nothingLeft(stage, topic);
        held.forEach(r -> a.acknowledge(r, AcknowledgeType.ACCEPT));
        Map<?, Optional<org.apache.kafka.common.KafkaException>> told = new HashMap<>(a.commitSync());
        check(told.size() == 1, "the first is told of its late acknowledgement");
    }

    private static void renew(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest", "share.record.lock.duration.ms", "15000");
        String topic = stage.topic("one", 1);
        stage.produce(topic, 0, 5);
        KafkaShareConsumer<String, String> a = member(stage, topic, "explicit");
        List<ConsumerRecord<String, String>> held = new ArrayList<>();
        eventually("the first has them", () -> {
            a.poll(Duration.ofMillis(200)).forEach(held::add);
            return held.size() == 5;
        });
        KafkaShareConsumer<String, String> b = member(stage, topic, "explicit");
        long began = System.nanoTime();
        long renewed = began;
        while (System.nanoTime() - began < Duration.ofSeconds(25).toNanos()) {
            if (System.nanoTime() - renewed > Duration.ofSeconds(5).toNanos()) {
                held.forEach(r -> a.acknowledge(r, AcknowledgeType.RENEW));
                a.commitSync().forEach((p, error) -> check(error.isEmpty(), "the renewal ends with " + error));
                renewed = System.nanoTime();
                // What is renewed comes again from the member's own poll.
                held.clear();
                eventually("they are the member's still", () -> {
                    a.poll(Duration.ofMillis(100)).forEach(held::add);
                    return held.size() == 5;
                });
            }
            check(handled(b, r -> AcknowledgeType.ACCEPT).isEmpty(), "the other one gets nothing");
        }
        held.forEach(r -> a.acknowledge(r, AcknowledgeType.ACCEPT));
        a.commitSync().forEach((p, error) -> check(error.isEmpty(), "the end ends with " + error));
        nothingLeft(stage, topic);
    }

    private static void limit(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest", "share.delivery.count.limit", "2");
        String topic = stage.topic("one", 1);
        stage.produce(topic, 0, 10);
        KafkaShareConsumer<String, String> a = member(stage, topic, "explicit");
        Map<String, Integer> deliveries = new HashMap<>();
        eventually("all came twice", () -> {
            handled(a, r -> {
                deliveries.merge(r.value(), 1, Integer::sum);
                return AcknowledgeType.RELEASE;
            });
            return deliveries.size() == 10 && deliveries.values().stream().allMatch(n -> n >= 2);
        }, () -> "but " + deliveries);
        nothingLeft(stage, topic);
        stage.produce(topic, 10, 11);
        List<String> got = new ArrayList<>();
        eventually("the next comes", () -> {
            handled(a, r -> AcknowledgeType.ACCEPT).forEach(r -> got.add(r.value()));
            return !got.isEmpty();
        });
        same(List.of("10"), got, "what comes after");
    }

    private static void committed(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest", "share.isolation.level", "read_committed");
        String topic = stage.topic("one", 1);
        KafkaShareConsumer<String, String> a = member(stage, topic, "implicit");
        KafkaProducer<String, String> out = stage.transactional(stage.name);
        for (int n = 0; n < 40; ++n) {
            if (n % 10 == 0) {
                out.beginTransaction();
            }
            out.send(new ProducerRecord<>(topic, 0, "" + n, "" + n)).get();
            if (n % 10 == 9) {
                if (n % 20 == 9) {
                    out.abortTransaction();
                } else {
                    out.commitTransaction();
                }
            }
        }
        List<String> want = new ArrayList<>(numbers(10, 20));
        want.addAll(numbers(30, 40));
        List<String> got = new ArrayList<>();
        eventually("what was committed is read", () -> {
            a.poll(Duration.ofMillis(200)).forEach(r -> got.add(r.value()));
            return got.size() >= want.size();
        }, () -> "but " + got);
        sameValues(want, got, "what was read");
        out.beginTransaction();
        out.send(new ProducerRecord<>(topic, 0, "40", "40")).get();
        for (int i = 0; i < 5; ++i) {
            check(a.poll(Duration.ofMillis(200)).isEmpty(), "nothing of an open transaction comes");
        }
        out.commitTransaction();
        eventually("it comes once it is committed", () -> {
            a.poll(Duration.ofMillis(200)).forEach(r -> got.add(r.value()));
            return got.contains("40");
        });
    }

    private static void exact(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest");
        String topic = stage.topic("one", 2);
        stage.produce(topic, 0, 200);
        KafkaShareConsumer<String, String> a = member(stage, topic, "explicit", "max.poll.records", 7,
            "share.acquire.mode", "record_limit");
        List<String> got = new ArrayList<>();
        eventually("all are read", () -> {
            var some = handled(a, r -> AcknowledgeType.ACCEPT);
            check(some.size() <= 7, "a poll gives " + some.size());
            some.forEach(r -> got.add(r.value()));
            return got.size() >= 200;
        }, () -> "but " + got.size());
        sameValues(numbers(0, 200), got, "what was read");
        nothingLeft(stage, topic);
    }

    private static void admin(Stage stage) throws Exception {
        set(stage, "share.auto.offset.reset", "earliest");
        String topic = stage.topic("one", 2);
        TopicPartition first = new TopicPartition(topic, 0);
        stage.produce(topic, 0, 20);
        List<String> got = new ArrayList<>();
        KafkaShareConsumer<String, String> a = member(stage, topic, "implicit");
        eventually("all are read", () -> {
            a.poll(Duration.ofMillis(200)).forEach(r -> got.add(r.value()));
            return got.size() >= 20;
        });
        var listed = stage.admin.listGroups().all().get().stream().filter(g -> g.groupId().equals(stage.name)).findAny().get();
        same(Optional.of(GroupType.SHARE), listed.type(), "the group's type");
        var told = stage.admin.describeShareGroups(List.of(stage.name)).all().get().get(stage.name);
        same(GroupState.STABLE, told.groupState(), "its state");
        same(Set.of(first, new TopicPartition(topic, 1)), told.members().iterator().next().assignment().topicPartitions(),
            "what its member has");
        fails("altering offsets under a member", () -> stage.admin.alterShareGroupOffsets(stage.name, Map.of(first, 3L)).all().get(),
            List.of(GroupNotEmptyException.class));
        fails("deleting it under a member", () -> stage.admin.deleteShareGroups(List.of(stage.name)).all().get(),
            List.of(GroupNotEmptyException.class));
        a.commitSync(); // what the last poll gave goes back otherwise
        a.close();
        nothingLeft(stage, topic);
        stage.admin.alterShareGroupOffsets(stage.name, Map.of(first, 4L)).all().get();
        eventually("the group is there", () -> offsets(stage).get(first).startOffset() == 4, () -> "but " + offsets(stage));
        same(Optional.of(6L), offsets(stage).get(first).lag(), "what is left to read");
        List<Long> again = new ArrayList<>();
        try (KafkaShareConsumer<String, String> b = member(stage, topic, "implicit")) {
            eventually("it is read from there", () -> {
                b.poll(Duration.ofMillis(200)).forEach(r -> again.add(r.offset()));
                return again.size() >= 6;
            }, () -> "but " + again);
        }
        same(List.of(4L, 5L, 6L, 7L, 8L, 9L), again, "what is read again");
        stage.admin.deleteShareGroupOffsets(stage.name, Set.of(topic)).all().get();
        check(offsets(stage).isEmpty(), "no offsets are left");
        stage.admin.deleteShareGroups(List.of(stage.name)).all().get();
        fails("describing it", () -> stage.admin.describeShareGroups(List.of(stage.name)).all().get(),
            List.of(GroupIdNotFoundException.class));
    }
}
