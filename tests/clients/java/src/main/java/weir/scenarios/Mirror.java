package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.numbers;
import static weir.scenarios.Stage.sameValues;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** MirrorMaker 2 copies topics with their configs and the offsets of groups from another cluster to this one. */
final class Mirror {
    static List<Scenario> all() {
        return List.of(Scenario.full("MirrorMaker 2", "mirror", "topics, configs and offsets of groups come from another cluster",
            Mirror::mirror));
    }

    private static Path configs(Stage here, Stage there) throws Exception {
        return Files.write(here.work.resolve(here.name + ".properties"), List.of("clusters = there, here",
            "there.bootstrap.servers = " + there.bootstrap, "here.bootstrap.servers = " + here.bootstrap,
            "there->here.enabled = true", "here->there.enabled = false", "there->here.topics = " + there.name + ".*",
            "there->here.groups = " + there.name + ".*", "replication.factor = 1", "checkpoints.topic.replication.factor = 1",
            "heartbeats.topic.replication.factor = 1", "offset-syncs.topic.replication.factor = 1",
            "offset.storage.replication.factor = 1", "status.storage.replication.factor = 1",
            "config.storage.replication.factor = 1", "sync.group.offsets.enabled = true",
            "sync.group.offsets.interval.seconds = 1", "emit.checkpoints.interval.seconds = 1",
            "refresh.topics.interval.seconds = 2", "refresh.groups.interval.seconds = 2",
            "sync.topic.configs.interval.seconds = 2", "offset.lag.max = 0", "offset.flush.interval.ms = 1000",
            "tasks.max = 2"));
    }

    private static void mirror(Stage here) throws Exception {
        check(!here.other.equals("-"), "there is another cluster to mirror from");
        try (Stage there = new Stage("mirrored", here.other, "-", here.work)) {
            String topic = there.topic("one", 3, "retention.ms=123456789");
            String copy = "there." + topic;
            here.deleteLater(copy);
            there.produce(topic, 0, 600);
            Member reader = Member.of(there, "reader", there.name, List.of(topic));
            ClassicGroups.allRead(600, reader);
            ClassicGroups.committed(there, there.name, List.of(topic));
            Child maker = here.keep(new Child(here.work.resolve(here.name + ".log"),
                "org.apache.kafka.connect.mirror.MirrorMaker", configs(here, there).toString()));
            eventually("the records are copied", () -> {
                maker.mustRun();
                return here.admin.listTopics().names().get().contains(copy)
                    && here.values(copy, "read_committed").size() >= 600;
            });
            there.produce(topic, 600, 900);
            ClassicGroups.allRead(900, reader);
            ClassicGroups.committed(there, there.name, List.of(topic));
            eventually("later ones, too", () -> here.values(copy, "read_committed").size() >= 900);
            sameValues(numbers(0, 900), here.values(copy, "read_committed"), "the copied records");
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, copy);
            eventually("the topic's configs are copied", () -> here.admin.describeConfigs(List.of(resource)).all().get()
                .get(resource).get("retention.ms").value().equals("123456789"));
            reader.close();
            translated(here, there.name, copy, maker);
            check(maker.stop(), "MirrorMaker ends when it is told to");
        }
    }

    /** A group that moves over reads on where it was. */
    private static void translated(Stage here, String group, String copy, Child maker) throws Exception {
        Map<TopicPartition, Long> ends = here.ends(copy);
        eventually("the group's offsets are translated", () -> {
            maker.mustRun();
            Map<TopicPartition, OffsetAndMetadata> at = here.admin.listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata().get();
            return ends.entrySet().stream().allMatch(e -> at.get(e.getKey()) != null
                && at.get(e.getKey()).offset() == e.getValue());
        }, () -> "but " + here.admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get());
        here.admin.deleteConsumerGroups(List.of(group)).all().get();
    }
}
