package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.fails;
import static weir.scenarios.Stage.same;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.ListStreamsGroupOffsetsSpec;
import org.apache.kafka.clients.admin.StreamsGroupDescription;
import org.apache.kafka.clients.admin.StreamsGroupMemberAssignment;
import org.apache.kafka.clients.admin.StreamsGroupMemberDescription;
import org.apache.kafka.clients.admin.StreamsGroupSubtopologyDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;

/** Kafka Streams with group.protocol=streams: the broker knows the topology, makes its topics and gives out its tasks. */
final class StreamsGroups {
    private static final String AREA = "Kafka Streams, streams groups";
    private static final int PARTITIONS = 4;

    static List<Scenario> all() {
        return List.of(
            Scenario.of(AREA, "streams-group", "a second instance comes and the first one goes; described, listed, deleted",
                StreamsGroups::comeAndGo),
            Scenario.of(AREA, "streams-group-offsets", "the offsets of a group that is empty are listed, set and deleted",
                StreamsGroups::offsets),
            Scenario.full(AREA, "streams-group-killed", "two instances with standbys, one is killed and another joins",
                StreamsGroups::killed));
    }

    /** An application that counts words in two subtopologies: one splits lines, the other counts what it is sent. */
    private static final class Application {
        final Stage stage;
        final String in;
        final String out;
        final Map<String, Integer> said = new HashMap<>();
        final List<Child> running = new ArrayList<>();
        private int started;

        Application(Stage stage) throws Exception {
            this.stage = stage;
            in = stage.topic("in", PARTITIONS);
            out = stage.topic("out", PARTITIONS);
            stage.deleteLater(changelog());
            stage.deleteLater(repartition());
        }

        String changelog() {
            return stage.name + "-counts-changelog";
        }

        String repartition() {
            return stage.name + "-counts-repartition";
        }

        void say(int lines) throws Exception {
            StreamsScenarios.say(stage, in, lines, said);
        }

        Child start() throws Exception {
            String name = stage.name + "-" + started++;
            Child one = stage.keep(new Child(stage.work.resolve(name + ".log"), "weir.scenarios.WordCount", stage.bootstrap,
                stage.name, in, out, stage.work.resolve(name).toString(), "streams"));
            running.add(one);
            return one;
        }

        void kill(Child one) throws Exception {
            running.remove(one);
            one.kill();
        }

        void stop(Child one) throws Exception {
            running.remove(one);
            check(one.stop(), "an instance ends when it is told to");
        }

        int told() throws Exception {
            for (Child one : running) {
                one.mustRun();
            }
            return stage.values(out, "read_committed").size();
        }

        /** What is said now is counted, or some of it. */
        void countsOn(String what, int lines) throws Exception {
            int seen = told();
            say(lines);
            eventually(what, () -> told() > seen);
        }

        void countsAll() throws Exception {
            int total = said.values().stream().mapToInt(n -> n).sum();
            eventually("all words are counted", () -> told() >= total, () -> "but " + told() + " of " + total);
        }

        void isExact() throws Exception {
            StreamsScenarios.exact(said, stage.read(out, "read_committed"));
            StreamsScenarios.changelog(stage, changelog(), said);
        }

        StreamsGroupDescription described() throws Exception {
            return stage.admin.describeStreamsGroups(List.of(stage.name)).describedGroups().get(stage.name).get();
        }

        /** Waits until all tasks are shared by that many processes. */
        StreamsGroupDescription shared(int processes, int standbys) throws Exception {
            return shared(processes, standbys, "");
        }

        /** The same without this one among them. */
        StreamsGroupDescription shared(int processes, int standbys, String gone) throws Exception {
            List<StreamsGroupDescription> last = new ArrayList<>();
            eventually("the tasks are shared by " + processes, () -> {
                told();
                last.clear();
                last.add(described());
                return settled(last.get(0), processes, standbys) && !processes(last.get(0)).contains(gone);
            }, () -> "but " + last);
            return last.get(0);
        }
    }

    private static Set<String> processes(StreamsGroupDescription group) {
        return group.members().stream().map(StreamsGroupMemberDescription::processId).collect(Collectors.toSet());
    }

    private static boolean settled(StreamsGroupDescription group, int processes, int standbys) {
        return group.groupState() == GroupState.STABLE && processes(group).size() == processes
            && tasks(group, StreamsGroupMemberAssignment::activeTasks).size() == 2 * PARTITIONS
            && tasks(group, StreamsGroupMemberAssignment::standbyTasks).size() == standbys;
    }

    private static List<String> names(Collection<StreamsGroupMemberAssignment.TaskIds> tasks) {
        return tasks.stream().flatMap(t -> t.partitions().stream().map(p -> t.subtopologyId() + "_" + p)).toList();
    }

    /** {task: process that has it}; a task that two members have is an error. */
    private static Map<String, String> tasks(StreamsGroupDescription group,
            Function<StreamsGroupMemberAssignment, List<StreamsGroupMemberAssignment.TaskIds>> which) {
        Map<String, String> found = new TreeMap<>();
        for (StreamsGroupMemberDescription member : group.members()) {
            for (String task : names(which.apply(member.assignment()))) {
                check(found.put(task, member.processId()) == null, "task " + task + " has one owner");
            }
        }
        return found;
    }

    private static Set<String> everyTask() {
        Set<String> all = new TreeSet<>();
        for (int p = 0; p < PARTITIONS; ++p) {
            all.addAll(List.of("0_" + p, "1_" + p));
        }
        return all;
    }

    private static void comeAndGo(Stage stage) throws Exception {
        Application app = new Application(stage);
        Child first = app.start();
        app.countsOn("the first instance counts", 1000);
        StreamsGroupDescription alone = app.shared(1, 0);
        describes(app, alone);
        listed(stage, GroupState.STABLE);
        Child second = app.start();
        app.say(500);
        StreamsGroupDescription both = app.shared(2, 0);
        check(both.groupEpoch() > alone.groupEpoch(), "another member makes another epoch");
        same(Map.of(0L, 2L, 1L, 2L), perSubtopology(both).values().stream().findFirst().orElseThrow(), "the tasks of each process");
        app.stop(first);
        app.say(500);
        app.shared(1, 0);
        fails("deleting a group that has members", () -> stage.admin.deleteStreamsGroups(List.of(stage.name)).all().get(),
            List.of(GroupNotEmptyException.class));
        app.countsAll();
        app.stop(second);
        emptied(app);
        app.isExact();
        deleted(stage);
    }

    /** How many active tasks each process has of each subtopology. */
    private static Map<String, Map<Long, Long>> perSubtopology(StreamsGroupDescription group) {
        return tasks(group, StreamsGroupMemberAssignment::activeTasks).entrySet().stream().collect(Collectors.groupingBy(
            Map.Entry::getValue, Collectors.groupingBy(e -> Long.parseLong(e.getKey().substring(0, 1)), Collectors.counting())));
    }

    private static void describes(Application app, StreamsGroupDescription group) {
        same(everyTask(), tasks(group, StreamsGroupMemberAssignment::activeTasks).keySet(), "the active tasks");
        same(group.groupEpoch(), group.targetAssignmentEpoch(), "the epoch of the target");
        same(0, group.topologyEpoch(), "the epoch of the topology");
        for (StreamsGroupMemberDescription member : group.members()) {
            same(group.groupEpoch(), member.memberEpoch(), "the epoch of a member");
            same(names(member.targetAssignment().activeTasks()), names(member.assignment().activeTasks()), "the target of a member");
            check(!member.isClassic(), "no member is a classic one");
        }
        Map<String, StreamsGroupSubtopologyDescription> parts = group.subtopologies().stream()
            .collect(Collectors.toMap(StreamsGroupSubtopologyDescription::subtopologyId, s -> s));
        same(Set.of("0", "1"), parts.keySet(), "the subtopologies");
        same(List.of(app.in), parts.get("0").sourceTopics(), "what the first one reads");
        same(List.of(app.repartition()), parts.get("0").repartitionSinkTopics(), "what the first one writes");
        same(Set.of(app.repartition()), parts.get("1").repartitionSourceTopics().keySet(), "what the second one reads");
        same(Set.of(app.changelog()), parts.get("1").stateChangelogTopics().keySet(), "where the second one keeps its counts");
        same(PARTITIONS, parts.get("1").stateChangelogTopics().get(app.changelog()).partitions(), "the changelog's partitions");
        same(PARTITIONS, parts.get("1").repartitionSourceTopics().get(app.repartition()).partitions(), "the repartition topic's");
    }

    private static GroupListing listing(Stage stage) throws Exception {
        return stage.admin.listGroups(ListGroupsOptions.forStreamsGroups()).all().get().stream()
            .filter(g -> g.groupId().equals(stage.name)).findFirst().orElse(null);
    }

    private static void listed(Stage stage, GroupState state) throws Exception {
        GroupListing found = listing(stage);
        check(found != null, "the group is listed among the streams groups");
        same(GroupType.STREAMS, found.type().orElseThrow(), "its type");
        same("streams", found.protocol(), "its protocol");
        same(state, found.groupState().orElseThrow(), "its state");
    }

    private static void emptied(Application app) throws Exception {
        eventually("the group is empty", () -> app.described().groupState() == GroupState.EMPTY, () -> "but " + app.described());
        listed(app.stage, GroupState.EMPTY);
    }

    private static void deleted(Stage stage) throws Exception {
        stage.admin.deleteStreamsGroups(List.of(stage.name)).all().get();
        check(listing(stage) == null, "a group that is deleted is not listed");
        fails("describing a group that is deleted", () -> stage.admin.describeStreamsGroups(List.of(stage.name)).all().get(),
            List.of(GroupIdNotFoundException.class));
    }

    private static Map<TopicPartition, Long> committed(Stage stage) throws Exception {
        Map<TopicPartition, Long> found = new HashMap<>();
        stage.admin.listStreamsGroupOffsets(Map.of(stage.name, new ListStreamsGroupOffsetsSpec()))
            .partitionsToOffsetAndMetadata(stage.name).get().forEach((p, o) -> found.put(p, o == null ? -1 : o.offset()));
        return found;
    }

    private static Map<TopicPartition, Long> of(String topic, Map<TopicPartition, Long> offsets) {
        return offsets.entrySet().stream().filter(e -> e.getKey().topic().equals(topic))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private static void offsets(Stage stage) throws Exception {
        Application app = new Application(stage);
        app.say(400);
        Child one = app.start();
        app.countsAll();
        app.stop(one);
        emptied(app);
        same(stage.ends(app.in), of(app.in, committed(stage)), "what is committed of the topic that is read");
        // Once more from the middle: what is behind it is counted again.
        TopicPartition first = new TopicPartition(app.in, 0);
        stage.admin.alterStreamsGroupOffsets(stage.name, Map.of(first, new OffsetAndMetadata(0))).all().get();
        same(0L, committed(stage).get(first), "an offset that was set");
        long again = stage.ends(app.in).get(first) * 3;
        int before = app.told();
        one = app.start();
        eventually("one partition is counted again", () -> app.told() == before + again, () -> app.told() - before + " of " + again);
        app.stop(one);
        emptied(app);
        stage.admin.deleteStreamsGroupOffsets(stage.name, Set.of(first)).all().get();
        check(!committed(stage).containsKey(first), "an offset that was deleted is gone");
        deleted(stage);
    }

    /** One that is killed stays a member for its session, 45 s, and keeps its tasks until then; transactions end sooner. */
    private static void killed(Stage stage) throws Exception {
        Application app = new Application(stage);
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, stage.name);
        stage.admin.incrementalAlterConfigs(Map.of(group, List.of(new AlterConfigOp(
            new ConfigEntry("streams.num.standby.replicas", "1"), AlterConfigOp.OpType.SET)))).all().get();
        Child doomed = app.start();
        app.countsOn("the first instance counts", 1000);
        String gone = processes(app.shared(1, 0)).iterator().next();
        app.start();
        standbys(app.shared(2, PARTITIONS));
        app.countsOn("both count", 1000);
        app.kill(doomed);
        app.say(1000);
        app.start();
        standbys(app.shared(2, PARTITIONS, gone));
        app.countsAll();
        for (Child one : List.copyOf(app.running)) {
            app.stop(one);
        }
        emptied(app);
        app.isExact();
        deleted(stage);
    }

    /** Each count is kept ready by another process than the one that counts. */
    private static void standbys(StreamsGroupDescription group) {
        Map<String, String> active = tasks(group, StreamsGroupMemberAssignment::activeTasks);
        same(everyTask(), active.keySet(), "the active tasks");
        tasks(group, StreamsGroupMemberAssignment::standbyTasks).forEach((task, process) -> {
            check(task.startsWith("1_"), "a standby is of the subtopology that has state: " + task);
            check(!process.equals(active.get(task)), "a standby is elsewhere than its task: " + task);
        });
    }
}
