package weir.chaos;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.utils.ProducerIdAndEpoch;

/**
 * What a producer keeps to itself: the version of its transactions, and the id and epoch of the one that has begun, by which
 * a run's files are held against the brokers' logs. Nothing but what is written down depends on it.
 */
final class Told {
    private final Object transactions;
    private final Method version;
    private final Method identity;

    Told(KafkaProducer<?, ?> producer) throws ReflectiveOperationException {
        Field held = KafkaProducer.class.getDeclaredField("transactionManager");
        held.setAccessible(true);
        transactions = held.get(producer);
        version = transactions.getClass().getMethod("isTransactionV2Enabled");
        identity = transactions.getClass().getDeclaredMethod("producerIdAndEpoch");
        version.setAccessible(true);
        identity.setAccessible(true);
    }

    int version() throws ReflectiveOperationException {
        return (boolean) version.invoke(transactions) ? 2 : 1;
    }

    ProducerIdAndEpoch identity() throws ReflectiveOperationException {
        return (ProducerIdAndEpoch) identity.invoke(transactions);
    }
}
