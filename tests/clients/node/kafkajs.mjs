// KafkaJS: pure JavaScript, with the oldest versions of the requests. Its consumer knows groups alone.
import kafkajs from 'kafkajs'
import snappy from 'kafkajs-snappy'
import { batches, main, unsupported } from './contract.mjs'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs
CompressionCodecs[CompressionTypes.Snappy] = snappy
const codecs = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy }

const connect = bootstrap => new Kafka({ clientId: 'kafkajs', brokers: [bootstrap], logLevel: logLevel.ERROR })

async function openProducer (bootstrap) {
  const producer = connect(bootstrap).producer({
    idempotent: true, maxInFlightRequests: 1, createPartitioner: kafkajs.Partitioners.DefaultPartitioner
  })
  await producer.connect()
  return producer
}

async function produce (bootstrap, topic, compression, path) {
  if (!(compression in codecs)) {
    unsupported(`kafkajs has no ${compression}`)
  }
  const producer = await openProducer(bootstrap)
  for await (const messages of batches(path, 5000)) {
    await producer.send({ topic, acks: -1, compression: codecs[compression], messages })
  }
  await producer.disconnect()
}

async function group (bootstrap, topic, groupId, count, write) {
  const consumer = connect(bootstrap).consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const reached = new Map()
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    consumer.run({
      autoCommit: false,
      async eachMessage ({ partition, message }) {
        if (count === 0) {
          return
        }
        count--
        await write(partition, message.offset, message.key, message.value)
        reached.set(partition, String(BigInt(message.offset) + 1n))
        if (count === 0) {
          resolve()
        }
      }
    })
  })
  await consumer.commitOffsets([...reached].map(([partition, offset]) => ({ topic, partition, offset })))
  await consumer.disconnect()
}

async function copy (bootstrap, from, to, groupId, transactionalId, count) {
  const producer = connect(bootstrap).producer({
    transactionalId, idempotent: true, maxInFlightRequests: 1, createPartitioner: kafkajs.Partitioners.DefaultPartitioner
  })
  await producer.connect()
  const consumer = connect(bootstrap).consumer({ groupId, readUncommitted: false })
  await consumer.connect()
  await consumer.subscribe({ topics: [from], fromBeginning: true })
  let rounds = 0
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    consumer.run({
      autoCommit: false,
      async eachBatch ({ batch: { partition, messages } }) {
        const taken = messages.slice(0, Math.min(count, 5000))
        if (!taken.length) {
          return
        }
        const offset = String(BigInt(taken.at(-1).offset) + 1n)
        for (const commits of rounds++ % 3 === 1 ? [false, true] : [true]) {
          const transaction = await producer.transaction()
          await transaction.send({ topic: to, messages: taken.map(({ key, value }) => ({ key, value })) })
          await transaction.sendOffsets({
            consumerGroupId: groupId, topics: [{ topic: from, partitions: [{ partition, offset }] }]
          })
          await (commits ? transaction.commit() : transaction.abort())
        }
        count -= taken.length
        if (taken.length < messages.length) {
          consumer.seek({ topic: from, partition, offset })
        }
        if (count === 0) {
          resolve()
        }
      }
    })
  })
  await consumer.disconnect()
  await producer.disconnect()
}

async function admin (bootstrap) {
  const client = connect(bootstrap).admin()
  await client.connect()
  const sender = await openProducer(bootstrap)
  const at = (found, partition) => found.find(one => one.partition === Number(partition))
  return {
    async create (topic, partitions, ...configs) {
      const configEntries = configs.map(pair => pair.split('=')).map(([name, value]) => ({ name, value }))
      await client.createTopics({ topics: [{ topic, numPartitions: Number(partitions), configEntries }] })
    },
    exists: async topic => (await client.listTopics()).includes(topic) ? 'yes' : 'no',
    partitions: async topic => (await client.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length,
    async config (topic, name) {
      const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }
      const answer = await client.describeConfigs({ includeSynonyms: false, resources: [resource] })
      return answer.resources[0].configEntries[0].configValue
    },
    async 'set-config' (topic, name, value) {
      const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }
      await client.alterConfigs({ validateOnly: false, resources: [resource] })
    },
    async 'add-partitions' (topic, total) {
      await client.createPartitions({ topicPartitions: [{ topic, count: Number(total) }] })
    },
    async send (topic, partition, timestamp, value) {
      await sender.send({ topic, acks: -1, messages: [{ partition: Number(partition), timestamp, value }] })
    },
    async offset (topic, partition, time) {
      if (time === 'max-timestamp') {
        return 'n/a'
      }
      if (time === 'earliest' || time === 'latest') {
        const found = at(await client.fetchTopicOffsets(topic), partition)
        return time === 'earliest' ? found.low : found.high
      }
      return at(await client.fetchTopicOffsetsByTimestamp(topic, Number(time)), partition).offset
    },
    async 'delete-records' (topic, partition, before) {
      await client.deleteTopicRecords({ topic, partitions: [{ partition: Number(partition), offset: before }] })
    },
    delete: topic => client.deleteTopics({ topics: [topic] })
  }
}

await main({ name: 'kafkajs', produce, group, copy, admin })
