package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.fails;
import static weir.scenarios.Stage.numbers;
import static weir.scenarios.Stage.same;
import static weir.scenarios.Stage.sameValues;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeProducersResult.PartitionProducerState;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;
import org.apache.kafka.common.errors.UnknownMemberIdException;

/** What operators ask for about groups and transactions. */
final class AdminCalls {
    static List<Scenario> all() {
        return List.of(
            Scenario.of("groups, admin", "admin-groups-classic", "list, describe, remove members, delete (classic protocol)",
                stage -> groups(stage, "classic", GroupType.CLASSIC)),
            Scenario.of("groups, admin", "admin-groups-consumer", "list, describe, delete (consumer protocol)",
                stage -> groups(stage, "consumer", GroupType.CONSUMER)),
            Scenario.of("groups, admin", "admin-offsets", "list, alter, delete offsets", AdminCalls::offsets),
            Scenario.of("transactions, admin", "admin-transactions", "list, describe, describe producers",
                AdminCalls::transactions),
            Scenario.of("transactions, admin", "admin-transactions-filters", "list by state, producer, age, pattern of the id",
                AdminCalls::filters),
            Scenario.of("transactions, admin", "admin-abort", "abort a hanging transaction, fence a producer", AdminCalls::abort),
            Scenario.of("topics, admin", "admin-internal-topics", "internal topics are told as such, and read",
                AdminCalls::internalTopics));
    }

    private static Set<String> listed(Stage stage, ListGroupsOptions options) throws Exception {
        return stage.admin.listGroups(options).all().get().stream().map(GroupListing::groupId)
            .filter(g -> g.equals(stage.name)).collect(Collectors.toSet());
    }

    private static void groups(Stage stage, String protocol, GroupType type) throws Exception {
        String topic = stage.topic("one", 2);
        Member a = Member.of(stage, "a", stage.name, List.of(topic), "group.protocol", protocol);
        Member.settled("first", stage.partitions(topic), a);
        eventually("it is stable", () -> ClassicGroups.description(stage, stage.name).groupState() == GroupState.STABLE);
        ConsumerGroupDescription told = ClassicGroups.description(stage, stage.name);
        same(type, told.type(), "its type");
        same(1, told.members().size(), "its members");
        var member = told.members().iterator().next();
        same("a", member.clientId(), "the client id");
        check(member.host().contains("127.0.0.1"), "the host " + member.host());
        same(stage.partitions(topic), member.assignment().topicPartitions(), "the assignment");
        same(Set.of(stage.name), listed(stage, new ListGroupsOptions().withTypes(Set.of(type))), "listed by type");
        same(Set.of(), listed(stage, new ListGroupsOptions().withTypes(Set.of(type == GroupType.CLASSIC
            ? GroupType.CONSUMER : GroupType.CLASSIC))), "listed by the other type");
        same(Set.of(stage.name), listed(stage, ListGroupsOptions.forConsumerGroups().inGroupStates(Set.of(GroupState.STABLE))),
            "listed by state");
        same(Set.of(), listed(stage, ListGroupsOptions.forConsumerGroups().inGroupStates(Set.of(GroupState.EMPTY))),
            "listed by another state");
        fails("deleting a group with members", () -> stage.admin.deleteConsumerGroups(List.of(stage.name)).all().get(),
            List.of(GroupNotEmptyException.class));
        if (type == GroupType.CLASSIC) {
            stage.admin.describeClassicGroups(List.of(stage.name)).all().get();
            stage.admin.removeMembersFromConsumerGroup(stage.name,
                new org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions()).all().get();
            eventually("who was removed joins again", () -> a.assignments > 1);
        }
        a.close();
        eventually("it is empty", () -> ClassicGroups.description(stage, stage.name).groupState() == GroupState.EMPTY);
        stage.admin.deleteConsumerGroups(List.of(stage.name)).all().get();
        same(Set.of(), listed(stage, new ListGroupsOptions()), "listed when it is gone");
        fails("describing it then", () -> ClassicGroups.description(stage, stage.name), List.of(GroupIdNotFoundException.class));
        fails("deleting it then", () -> stage.admin.deleteConsumerGroups(List.of(stage.name)).all().get(),
            List.of(GroupIdNotFoundException.class));
    }

    private static void offsets(Stage stage) throws Exception {
        String topic = stage.topic("one", 2);
        TopicPartition zero = new TopicPartition(topic, 0);
        TopicPartition one = new TopicPartition(topic, 1);
        stage.admin.alterConsumerGroupOffsets(stage.name, Map.of(zero, new OffsetAndMetadata(5, "five"),
            one, new OffsetAndMetadata(6))).all().get();
        Map<TopicPartition, OffsetAndMetadata> at = stage.admin.listConsumerGroupOffsets(Map.of(stage.name,
            new ListConsumerGroupOffsetsSpec(), stage.name + "-none", new ListConsumerGroupOffsetsSpec())).all().get()
            .get(stage.name);
        same(Map.of(zero, new OffsetAndMetadata(5, "five"), one, new OffsetAndMetadata(6)), at, "offsets");
        Member a = Member.of(stage, "a", stage.name, List.of(topic));
        Member.settled("first", stage.partitions(topic), a);
        fails("altering offsets of a group with members", () -> stage.admin.alterConsumerGroupOffsets(stage.name,
            Map.of(zero, new OffsetAndMetadata(1))).all().get(), List.of(UnknownMemberIdException.class));
        fails("deleting offsets of what it reads", () -> stage.admin.deleteConsumerGroupOffsets(stage.name, Set.of(zero))
            .partitionResult(zero).get(), List.of(GroupSubscribedToTopicException.class));
        a.close();
        eventually("it is empty", () -> ClassicGroups.description(stage, stage.name).groupState() == GroupState.EMPTY);
        stage.admin.deleteConsumerGroupOffsets(stage.name, Set.of(zero)).all().get();
        same(Set.of(one), stage.admin.listConsumerGroupOffsets(stage.name).partitionsToOffsetAndMetadata().get().keySet(),
            "partitions with offsets");
        stage.admin.deleteConsumerGroups(List.of(stage.name)).all().get();
    }

    /** A producer with a transaction open on partition 0. */
    private static KafkaProducer<String, String> opened(Stage stage, String id, String topic) throws Exception {
        KafkaProducer<String, String> producer = stage.transactional(id, "transaction.timeout.ms", 50_000);
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, 0, null, "open")).get();
        return producer;
    }

    private static ProducerState producer(Stage stage, TopicPartition partition) throws Exception {
        PartitionProducerState told = stage.admin.describeProducers(List.of(partition)).partitionResult(partition).get();
        same(1, told.activeProducers().size(), "producers of the partition");
        return told.activeProducers().get(0);
    }

    private static void transactions(Stage stage) throws Exception {
        String topic = stage.topic("one", 1);
        TopicPartition partition = new TopicPartition(topic, 0);
        KafkaProducer<String, String> producer = opened(stage, stage.name, topic);
        TransactionDescription told = stage.admin.describeTransactions(List.of(stage.name)).all().get().get(stage.name);
        same(TransactionState.ONGOING, told.state(), "the state");
        same(50_000L, told.transactionTimeoutMs(), "the timeout");
        same(Set.of(partition), told.topicPartitions(), "the partitions");
        check(told.transactionStartTimeMs().isPresent(), "it began some time");
        ProducerState state = producer(stage, partition);
        same(told.producerId(), state.producerId(), "the producer's id");
        same(told.producerEpoch(), state.producerEpoch(), "the producer's epoch");
        same(0, state.lastSequence(), "its last sequence number");
        same(0L, state.currentTransactionStartOffset().orElse(-1), "where its transaction begins");
        TransactionListing listed = stage.admin.listTransactions().all().get().stream()
            .filter(t -> t.transactionalId().equals(stage.name)).findAny().orElseThrow();
        same(told.producerId(), listed.producerId(), "the producer's id as listed");
        same(TransactionState.ONGOING, listed.state(), "the state as listed");
        producer.commitTransaction();
        eventually("it is described as committed", () -> Transactions.state(stage, stage.name) == TransactionState.COMPLETE_COMMIT);
        check(producer(stage, partition).currentTransactionStartOffset().isEmpty(), "no transaction is open");
        fails("describing what never was", () -> stage.admin.describeTransactions(List.of(stage.name + "-none")).all().get(),
            List.of(TransactionalIdNotFoundException.class));
    }

    private static Set<String> ids(Stage stage, ListTransactionsOptions options) throws Exception {
        Collection<TransactionListing> all = stage.admin.listTransactions(options).all().get();
        return all.stream().map(TransactionListing::transactionalId).filter(id -> id.startsWith(stage.name))
            .collect(Collectors.toSet());
    }

    private static void filters(Stage stage) throws Exception {
        String topic = stage.topic("one", 1);
        String first = stage.name + "-1";
        String second = stage.name + "-2";
        opened(stage, first, topic);
        KafkaProducer<String, String> other = opened(stage, second, topic);
        other.commitTransaction();
        long id = stage.admin.describeTransactions(List.of(first)).all().get().get(first).producerId();
        eventually("the second is committed", () -> Transactions.state(stage, second) == TransactionState.COMPLETE_COMMIT);
        same(Set.of(first), ids(stage, new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING))), "ongoing");
        same(Set.of(first), ids(stage, new ListTransactionsOptions().filterProducerIds(Set.of(id))), "of a producer");
        same(Set.of(), ids(stage, new ListTransactionsOptions().filterOnDuration(3_600_000)), "open for an hour");
        same(Set.of(second), ids(stage, new ListTransactionsOptions().filterOnTransactionalIdPattern(".*-2")), "by pattern");
        same(Set.of(first, second), ids(stage, new ListTransactionsOptions()), "all");
    }

    private static void abort(Stage stage) throws Exception {
        String topic = stage.topic("one", 1);
        TopicPartition partition = new TopicPartition(topic, 0);
        KafkaProducer<String, String> hanging = opened(stage, stage.name, topic);
        ProducerState state = producer(stage, partition);
        stage.admin.abortTransaction(new AbortTransactionSpec(partition, state.producerId(), (short) state.producerEpoch(),
            state.coordinatorEpoch().orElse(0))).all().get();
        check(producer(stage, partition).currentTransactionStartOffset().isEmpty(), "no transaction is open on the partition");
        stage.produce(topic, 0, 5);
        sameValues(numbers(0, 5), stage.committed(topic), "what is read");
        stage.admin.fenceProducers(List.of(stage.name)).all().get();
        fails("a commit of the fenced one", () -> {
            hanging.commitTransaction();
            return null;
        }, List.of(ProducerFencedException.class, InvalidProducerEpochException.class));
    }

    private static void internalTopics(Stage stage) throws Exception {
        String topic = stage.topic("one", 1);
        stage.admin.alterConsumerGroupOffsets(stage.name, Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0))).all()
            .get();
        KafkaProducer<String, String> producer = opened(stage, stage.name, topic);
        producer.commitTransaction();
        for (String internal : List.of("__consumer_offsets", "__transaction_state")) {
            check(stage.admin.describeTopics(List.of(internal)).allTopicNames().get().get(internal).isInternal(),
                internal + " is internal");
            check(!stage.admin.listTopics().names().get().contains(internal), internal + " is not listed unless asked for");
            int partitions = stage.partitions(internal).size();
            try {
                stage.admin.createPartitions(Map.of(internal, NewPartitions.increaseTo(partitions - 1))).all().get();
                throw new AssertionError("an internal topic shrank");
            } catch (java.util.concurrent.ExecutionException refused) {
                check(refused.getCause() instanceof org.apache.kafka.common.errors.InvalidPartitionsException,
                    "fewer partitions: " + refused);
            }
        }
        check(!stage.read("__consumer_offsets", "read_uncommitted").isEmpty(), "offsets can be read as records");
        stage.admin.deleteConsumerGroups(List.of(stage.name)).all().get();
    }
}
