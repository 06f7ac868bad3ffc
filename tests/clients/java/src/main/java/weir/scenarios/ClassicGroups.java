package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.numbers;
import static weir.scenarios.Stage.same;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;

/** Groups of the classic protocol, where a member shares out the partitions. */
final class ClassicGroups {
    private static final String AREA = "groups, classic protocol";
    // assignor -> its class
    private static final Map<String, String> ASSIGNORS = Map.of("range", "RangeAssignor", "roundrobin", "RoundRobinAssignor",
        "sticky", "StickyAssignor", "cooperative-sticky", "CooperativeStickyAssignor");

    static List<Scenario> all() {
        List<Scenario> all = new ArrayList<>();
        for (String assignor : List.of("range", "roundrobin", "sticky", "cooperative-sticky")) {
            all.add(Scenario.of(AREA, "classic-" + assignor, "members come and go, assignor " + assignor,
                stage -> comingAndGoing(stage, assignor, settings(assignor))));
        }
        all.add(Scenario.of(AREA, "classic-dies", "a member's process is killed", stage -> dies(stage, "classic",
            settings("range", "session.timeout.ms", 6000, "heartbeat.interval.ms", 1000))));
        all.add(Scenario.of(AREA, "classic-static", "static members return, a double is fenced", ClassicGroups::fixed));
        return all;
    }

    static Object[] settings(String assignor, Object... more) {
        return Stream.concat(Stream.of("group.protocol", "classic", "partition.assignment.strategy",
            "org.apache.kafka.clients.consumer." + ASSIGNORS.get(assignor)), Stream.of(more)).toArray();
    }

    /** For either protocol: nothing is lost however members come and go, and all is committed in the end. */
    static void comingAndGoing(Stage stage, String assignor, Object[] settings) throws Exception {
        List<String> topics = List.of(stage.topic("one", 6), stage.topic("two", 6));
        Set<TopicPartition> all = new HashSet<>(stage.partitions(topics.get(0)));
        all.addAll(stage.partitions(topics.get(1)));
        for (String topic : topics) {
            stage.produce(topic, 0, 600);
        }
        Member a = Member.of(stage, "a", stage.name, topics, settings);
        Member b = Member.of(stage, "b", stage.name, topics, settings);
        Member.settled("first", all, a, b);
        allRead(600, a, b);
        described(stage, assignor, 2);
        Set<TopicPartition> aBefore = a.assigned;
        a.revoked.clear();
        Member c = Member.of(stage, "c", stage.name, topics, settings);
        Member.settled("a third came", all, a, b, c);
        if (assignor.contains("sticky") || assignor.equals("uniform")) {
            check(aBefore.containsAll(a.assigned), "who had partitions keeps some of them");
        }
        if (assignor.equals("cooperative-sticky") || assignor.equals("uniform")) {
            check(a.revoked.stream().noneMatch(a.assigned::contains), "what is kept is never given up meanwhile");
        }
        for (String topic : topics) {
            stage.produce(topic, 600, 1200);
        }
        allRead(1200, a, b, c);
        b.close();
        Member.settled("the second left", all, a, c);
        for (String topic : topics) {
            stage.produce(topic, 1200, 1500);
        }
        allRead(1500, a, b, c);
        committed(stage, stage.name, topics);
        a.close();
        c.close();
        eventually("the group is empty", () -> description(stage, stage.name).groupState() == GroupState.EMPTY);
    }

    static void allRead(int count, Member... members) throws Exception {
        eventually(count + " values are read", () -> {
            Member.noneFailed(List.of(members));
            return Stream.of(members).flatMap(m -> m.read.stream()).collect(Collectors.toSet()).containsAll(numbers(0, count));
        });
    }

    static void committed(Stage stage, String group, List<String> topics) throws Exception {
        for (String topic : topics) {
            Map<TopicPartition, Long> ends = stage.ends(topic);
            eventually("all of " + topic + " is committed", () -> {
                Map<TopicPartition, OffsetAndMetadata> at = stage.admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata().get();
                return ends.entrySet().stream().allMatch(e -> at.get(e.getKey()) != null
                    && at.get(e.getKey()).offset() == e.getValue());
            });
        }
    }

    static ConsumerGroupDescription description(Stage stage, String group) throws Exception {
        return stage.admin.describeConsumerGroups(List.of(group)).all().get().get(group);
    }

    private static void described(Stage stage, String assignor, int members) throws Exception {
        eventually("the group is described as stable", () -> {
            ConsumerGroupDescription told = description(stage, stage.name);
            return told.groupState() == GroupState.STABLE && told.members().size() == members
                && told.partitionAssignor().equals(assignor)
                && told.members().stream().allMatch(m -> !m.assignment().topicPartitions().isEmpty());
        }, () -> "but " + description(stage, stage.name));
    }

    /** For either protocol. */
    static void dies(Stage stage, String protocol, Object[] settings) throws Exception {
        String topic = stage.topic("one", 6);
        Set<TopicPartition> all = stage.partitions(topic);
        stage.produce(topic, 0, 300);
        Member a = Member.of(stage, "a", stage.name, List.of(topic), settings);
        Member b = Member.of(stage, "b", stage.name, List.of(topic), settings);
        Member.settled("first", all, a, b);
        List<String> words = Stream.of(settings).map(Object::toString).toList();
        List<String> arguments = new ArrayList<>(List.of(stage.bootstrap, topic, stage.name));
        arguments.addAll(words);
        Child c = stage.keep(new Child(stage.work.resolve(stage.name + ".log"), "weir.scenarios.DoomedMember",
            arguments.toArray(String[]::new)));
        eventually("the third has partitions", () -> {
            c.mustRun();
            return a.assigned.size() == 2 && b.assigned.size() == 2;
        });
        c.kill();
        stage.produce(topic, 300, 600);
        Member.settled("the third is dead", all, a, b);
        // What the dead one read and did not commit is read once more: all of it.
        eventually("all is read and committed", () -> {
            Member.noneFailed(List.of(a, b));
            return Stream.of(a, b).flatMap(m -> m.read.stream()).collect(Collectors.toSet()).containsAll(numbers(300, 600));
        });
        committed(stage, stage.name, List.of(topic));
    }

    private static void fixed(Stage stage) throws Exception {
        String topic = stage.topic("one", 6);
        Set<TopicPartition> all = stage.partitions(topic);
        Member a = Member.of(stage, "a", stage.name, List.of(topic), settings("range", "group.instance.id", "first"));
        Member b = Member.of(stage, "b", stage.name, List.of(topic), settings("range", "group.instance.id", "second"));
        Member.settled("first", all, a, b);
        Set<TopicPartition> had = a.assigned;
        int generation = b.metadata.generationId();
        a.close(); // says nothing to the group
        Member again = Member.of(stage, "again", stage.name, List.of(topic), settings("range", "group.instance.id", "first"));
        Member.settled("the first returned", all, again, b);
        same(had, again.assigned, "what the returned one has");
        same(generation, b.metadata.generationId(), "the generation after a static member returned");
        Member twin = Member.of(stage, "twin", stage.name, List.of(topic), settings("range", "group.instance.id", "first"));
        eventually("the one whose instance id another one took is fenced",
            () -> again.failed instanceof FencedInstanceIdException, () -> "but " + again.failed);
        Member.settled("the double took over", all, twin, b);
        stage.admin.removeMembersFromConsumerGroup(stage.name,
            new org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions(
                List.of(new org.apache.kafka.clients.admin.MemberToRemove("first")))).all().get();
        eventually("the removed one is told", () -> twin.failed != null || twin.assignments > 1);
    }
}
