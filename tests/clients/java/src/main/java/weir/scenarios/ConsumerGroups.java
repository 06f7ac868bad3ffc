package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.same;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;

/** Groups of the consumer protocol (KIP-848), where the broker shares out the partitions. */
final class ConsumerGroups {
    private static final String AREA = "groups, consumer protocol";

    static List<Scenario> all() {
        List<Scenario> all = new ArrayList<>();
        for (String assignor : List.of("uniform", "range")) {
            all.add(Scenario.of(AREA, "consumer-" + assignor, "members come and go, assignor " + assignor,
                stage -> ClassicGroups.comingAndGoing(stage, assignor, settings("group.remote.assignor", assignor))));
        }
        all.add(Scenario.of(AREA, "consumer-regex", "a pattern takes topics as they come", ConsumerGroups::regex));
        all.add(Scenario.of(AREA, "consumer-static", "static members return, a double is refused", ConsumerGroups::fixed));
        all.add(Scenario.of(AREA, "consumer-options", "a group's own configs hold its members", ConsumerGroups::options));
        all.add(Scenario.of(AREA, "consumer-migration", "a group goes from classic to consumer and back, online",
            ConsumerGroups::migration));
        all.add(Scenario.full(AREA, "consumer-dies", "a member's process is killed",
            stage -> ClassicGroups.dies(stage, "consumer", settings())));
        return all;
    }

    private static Object[] settings(Object... more) {
        return Stream.concat(Stream.of("group.protocol", "consumer"), Stream.of(more)).toArray();
    }

    private static void regex(Stage stage) throws Exception {
        Set<TopicPartition> all = new HashSet<>(stage.partitions(stage.topic("yes-1", 3)));
        stage.topic("no-1", 3);
        SubscriptionPattern pattern = new SubscriptionPattern(stage.name + "-yes-.*");
        List<Member> members = new ArrayList<>();
        for (String name : List.of("a", "b")) {
            members.add(stage.keep(new Member(name, stage.consumer(settings("group.id", stage.name)),
                (consumer, m) -> consumer.subscribe(pattern, m))));
        }
        Member.settled("one topic is there", all, members.get(0), members.get(1));
        String later = stage.topic("yes-2", 3);
        all.addAll(stage.partitions(later));
        Member.settled("another topic came", all, members.get(0), members.get(1));
        stage.produce(later, 0, 300);
        ClassicGroups.allRead(300, members.get(0), members.get(1));
        stage.admin.deleteTopics(List.of(later)).all().get();
        all.removeIf(p -> p.topic().equals(later));
        Member.settled("it went again", all, members.get(0), members.get(1));
    }

    private static void fixed(Stage stage) throws Exception {
        String topic = stage.topic("one", 6);
        Set<TopicPartition> all = stage.partitions(topic);
        Member a = Member.of(stage, "a", stage.name, List.of(topic), settings("group.instance.id", "first"));
        Member b = Member.of(stage, "b", stage.name, List.of(topic), settings("group.instance.id", "second"));
        Member.settled("first", all, a, b);
        Set<TopicPartition> had = a.assigned;
        a.close(); // leaves for a while, as a static member does
        Member again = Member.of(stage, "again", stage.name, List.of(topic), settings("group.instance.id", "first"));
        Member.settled("the first returned", all, again, b);
        same(had, again.assigned, "what the returned one has");
        Member twin = Member.of(stage, "twin", stage.name, List.of(topic), settings("group.instance.id", "first"));
        eventually("a double is refused while the first is there", () -> twin.failed instanceof UnreleasedInstanceIdException,
            () -> "but " + twin.failed);
        Member.settled("the double is gone", all, again, b);
    }

    private static void set(Stage stage, String group, String name, String value) throws Exception {
        stage.admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, group),
            List.of(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)))).all().get();
    }

    private static void options(Stage stage) throws Exception {
        String topic = stage.topic("one", 2);
        set(stage, stage.name, "consumer.session.timeout.ms", "50000");
        set(stage, stage.name, "consumer.heartbeat.interval.ms", "6000");
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, stage.name);
        eventually("the group has its configs", () -> {
            var told = stage.admin.describeConfigs(List.of(group)).all().get().get(group);
            return told.get("consumer.session.timeout.ms").value().equals("50000")
                && told.get("consumer.heartbeat.interval.ms").value().equals("6000");
        });
        Member a = Member.of(stage, "a", stage.name, List.of(topic), settings());
        Member.settled("first", stage.partitions(topic), a);
        Stage.fails("an interval that is too short", () -> {
            set(stage, stage.name, "consumer.heartbeat.interval.ms", "1");
            return null;
        }, List.of(org.apache.kafka.common.errors.InvalidConfigurationException.class));
    }

    private static GroupListing listed(Stage stage) throws Exception {
        return stage.admin.listGroups().all().get().stream().filter(g -> g.groupId().equals(stage.name)).findAny().orElse(null);
    }

    /** Members are replaced one by one; reading goes on. */
    private static void migration(Stage stage) throws Exception {
        String topic = stage.topic("one", 6);
        Set<TopicPartition> all = stage.partitions(topic);
        Object[] classic = ClassicGroups.settings("cooperative-sticky");
        Member a = Member.of(stage, "a", stage.name, List.of(topic), classic);
        Member b = Member.of(stage, "b", stage.name, List.of(topic), classic);
        Member.settled("two of the classic protocol", all, a, b);
        check(listed(stage).type().equals(java.util.Optional.of(GroupType.CLASSIC)), "the group is a classic one");
        stage.produce(topic, 0, 300);
        ClassicGroups.allRead(300, a, b);
        Member c = Member.of(stage, "c", stage.name, List.of(topic), settings());
        Member.settled("one of the consumer protocol came", all, a, b, c);
        check(listed(stage).type().equals(java.util.Optional.of(GroupType.CONSUMER)), "the group is one of consumers now");
        stage.produce(topic, 300, 600);
        ClassicGroups.allRead(600, a, b, c);
        a.close();
        Member.settled("one of the classic protocol went", all, b, c);
        b.close();
        Member.settled("the other one, too", all, c);
        Member d = Member.of(stage, "d", stage.name, List.of(topic), classic);
        Member.settled("one of the classic protocol came", all, c, d);
        stage.produce(topic, 600, 900);
        ClassicGroups.allRead(900, a, b, c, d);
        c.close();
        Member.settled("the last of the consumer protocol went", all, d);
        eventually("the group is a classic one again",
            () -> listed(stage).type().equals(java.util.Optional.of(GroupType.CLASSIC)));
        stage.produce(topic, 900, 1000);
        ClassicGroups.allRead(1000, a, b, c, d);
        ClassicGroups.committed(stage, stage.name, List.of(topic));
    }
}
