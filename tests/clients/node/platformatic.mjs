// @platformatic/kafka: pure JavaScript, with the newest versions of the requests (topic ids in Fetch).
import {
  Admin, compressionsAlgorithms, ConfigResourceTypes, Consumer, IncrementalAlterConfigOperationTypes, ProduceAcks,
  Producer, stringSerializers
} from '@platformatic/kafka'
import { batches, main, unsupported } from './contract.mjs'

const base = bootstrap => ({ clientId: 'platformatic', bootstrapBrokers: [bootstrap] })

const openProducer = bootstrap => new Producer({
  ...base(bootstrap), serializers: stringSerializers, idempotent: true, acks: ProduceAcks.ALL, autocreateTopics: false
})

async function produce (bootstrap, topic, compression, path) {
  if (compression !== 'none' && !compressionsAlgorithms[compression].available) {
    unsupported(`Node ${process.version} has no ${compression}`)
  }
  const producer = openProducer(bootstrap)
  for await (const batch of batches(path, 5000)) {
    await producer.send({ compression, messages: batch.map(record => ({ topic, ...record })) })
  }
  await producer.close()
}

async function fetch (consumer, request) {
  try {
    return await consumer.fetch(request)
  } catch (error) {
    if (error.code === 'PLT_KFK_UNSUPPORTED_COMPRESSION') {
      unsupported(error.message)
    }
    throw error
  }
}

// The stream of its consumer is for groups; `fetch` below it takes partitions and offsets.
async function consume (bootstrap, topic, write) {
  const consumer = new Consumer({ ...base(bootstrap), groupId: 'unused', maxWaitTime: 1000 })
  const ends = (await consumer.listOffsets({ topics: [topic], timestamp: -1n })).get(topic)
  const { id: topicId, partitions } = (await consumer.metadata({ topics: [topic] })).topics.get(topic)
  const next = ends.map(() => 0n)
  const behind = () => ends.map((_, partition) => partition).filter(partition => next[partition] < ends[partition])
  for (let wanted = behind(); wanted.length; wanted = behind()) {
    const response = await fetch(consumer, {
      node: partitions[wanted[0]].leader,
      topics: [{
        topicId,
        partitions: wanted.filter(partition => partitions[partition].leader === partitions[wanted[0]].leader)
          .map(partition => ({
            partition, currentLeaderEpoch: -1, fetchOffset: next[partition], lastFetchedEpoch: -1,
            partitionMaxBytes: 1 << 20
          }))
      }]
    })
    for (const { partitionIndex, records } of response.responses[0]?.partitions ?? []) {
      for (const batch of records ?? []) {
        for (const { offsetDelta, key, value } of batch.records) {
          const offset = batch.firstOffset + BigInt(offsetDelta)
          if (offset >= next[partitionIndex] && offset < ends[partitionIndex]) {
            await write(partitionIndex, offset, key, value)
            next[partitionIndex] = offset + 1n
          }
        }
      }
    }
  }
}

async function admin (bootstrap) {
  const client = new Admin(base(bootstrap))
  const sender = openProducer(bootstrap)
  const times = { earliest: -2n, latest: -1n, 'max-timestamp': -3n }
  const resource = topic => ({ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic })
  return {
    async create (topic, partitions, ...configs) {
      await client.createTopics({
        topics: [topic], partitions: Number(partitions), replicas: -1,
        configs: configs.map(pair => pair.split('=')).map(([name, value]) => ({ name, value }))
      })
    },
    exists: async topic => (await client.listTopics()).includes(topic) ? 'yes' : 'no',
    async partitions (topic) {
      return (await client.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic).partitionsCount
    },
    async config (topic, name) {
      const [found] = await client.describeConfigs({ resources: [{ ...resource(topic), configurationKeys: [name] }] })
      return found.configs[0].value
    },
    async 'set-config' (topic, name, value) {
      const configOperation = IncrementalAlterConfigOperationTypes.SET
      await client.incrementalAlterConfigs({
        resources: [{ ...resource(topic), configs: [{ name, value, configOperation }] }]
      })
    },
    async 'add-partitions' (topic, total) {
      await client.createPartitions({ topics: [{ name: topic, count: Number(total), assignments: null }] })
    },
    async send (topic, partition, timestamp, value) {
      await sender.send({
        messages: [{ topic, partition: Number(partition), timestamp: BigInt(timestamp), value }]
      })
    },
    async offset (topic, partition, time) {
      const [found] = await client.listOffsets({
        topics: [{
          name: topic, partitions: [{ partitionIndex: Number(partition), timestamp: times[time] ?? BigInt(time) }]
        }]
      })
      return found.partitions[0].offset
    },
    async 'delete-records' (topic, partition, before) {
      await client.deleteRecords({
        topics: [{ name: topic, partitions: [{ partition: Number(partition), offset: BigInt(before) }] }]
      })
    },
    delete: topic => client.deleteTopics({ topics: [topic] })
  }
}

await main({ name: '@platformatic/kafka', produce, consume, admin })
