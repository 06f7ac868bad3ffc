// Sarama: the older pure Go client, with an implementation of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"weir/clients/contract"
)

var codecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

func config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Net.MaxOpenRequests = 1 // its idempotent producer demands this
	config.Producer.Return.Successes = true
	return config
}

func produce(bootstrap, topic, compression string, records func(yield func(key, value []byte) bool)) error {
	config := config()
	config.Producer.Compression = codecs[compression]
	config.Producer.Flush.Frequency = 20 * time.Millisecond
	producer, err := sarama.NewAsyncProducer([]string{bootstrap}, config)
	if err != nil {
		return err
	}
	go func() {
		for key, value := range records {
			producer.Input() <- &sarama.ProducerMessage{Topic: topic, Key: sarama.ByteEncoder(key),
				Value: sarama.ByteEncoder(value)}
		}
		producer.AsyncClose() // closes Successes and Errors when all is answered
	}()
	failed := make(chan error)
	go func() {
		var first error
		for err := range producer.Errors() {
			if first == nil {
				first = err
			}
		}
		failed <- first
	}()
	for range producer.Successes() {
	}
	return <-failed
}

func consume(bootstrap, topic string, write func(partition int32, offset int64, key, value []byte)) error {
	client, err := sarama.NewClient([]string{bootstrap}, config())
	if err != nil {
		return err
	}
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return err
	}
	partitions, err := client.Partitions(topic)
	if err != nil {
		return err
	}
	for _, partition := range partitions {
		end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
		if err != nil {
			return err
		}
		if end == 0 {
			continue
		}
		messages, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
		if err != nil {
			return err
		}
		for message := range messages.Messages() {
			write(partition, message.Offset, message.Key, message.Value)
			if message.Offset == end-1 {
				break
			}
		}
		messages.AsyncClose()
	}
	return nil
}

// reader takes `left` records and ends the group's session then.
type reader struct {
	lock  sync.Mutex
	left  int64
	write func(partition int32, offset int64, key, value []byte)
	end   context.CancelFunc
}

func (*reader) Setup(sarama.ConsumerGroupSession) error { return nil }

func (*reader) Cleanup(session sarama.ConsumerGroupSession) error {
	session.Commit()
	return nil
}

func (r *reader) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		r.lock.Lock()
		if r.left > 0 {
			r.left--
			r.write(message.Partition, message.Offset, message.Key, message.Value)
			session.MarkMessage(message, "")
		}
		done := r.left == 0
		r.lock.Unlock()
		if done {
			r.end()
			return nil
		}
	}
	return nil
}

func group(bootstrap, topic, name string, count int64, write func(partition int32, offset int64, key, value []byte)) error {
	config := config()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	member, err := sarama.NewConsumerGroup([]string{bootstrap}, name, config)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	r := &reader{left: count, write: write, end: end}
	for ctx.Err() == nil {
		if err := member.Consume(ctx, []string{topic}, r); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return member.Close()
}

// copier copies what it claims until `left` records are done, each claim's batches in a transaction of their own.
type copier struct {
	lock     sync.Mutex
	left     int
	rounds   int
	to       string
	group    string
	producer sarama.AsyncProducer
	failed   error
	end      context.CancelFunc
}

func (*copier) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*copier) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (c *copier) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		batch := []*sarama.ConsumerMessage{message}
		for len(batch) < 500 && len(claim.Messages()) > 0 {
			batch = append(batch, <-claim.Messages())
		}
		if !c.copy(batch) {
			c.end()
			return nil
		}
	}
	return nil
}

// copy says whether more is wanted.
func (c *copier) copy(batch []*sarama.ConsumerMessage) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	batch = batch[:min(len(batch), c.left)]
	if len(batch) == 0 || c.failed != nil {
		return false
	}
	if c.rounds%3 == 1 {
		c.failed = c.attempt(batch, false)
	}
	c.rounds++
	if c.failed == nil {
		c.failed = c.attempt(batch, true)
	}
	c.left -= len(batch)
	return c.left > 0 && c.failed == nil
}

func (c *copier) attempt(batch []*sarama.ConsumerMessage, commit bool) error {
	if err := c.producer.BeginTxn(); err != nil {
		return err
	}
	go func() {
		for _, m := range batch {
			c.producer.Input() <- &sarama.ProducerMessage{Topic: c.to, Key: sarama.ByteEncoder(m.Key),
				Value: sarama.ByteEncoder(m.Value)}
		}
	}()
	for range batch {
		select {
		case <-c.producer.Successes():
		case err := <-c.producer.Errors():
			return err
		}
	}
	if err := c.producer.AddMessageToTxn(batch[len(batch)-1], c.group, nil); err != nil {
		return err
	}
	if commit {
		return c.producer.CommitTxn()
	}
	return c.producer.AbortTxn()
}

func copyInTransactions(bootstrap, from, to, group, id string, count int64) error {
	producing := config()
	producing.Producer.Transaction.ID = id
	producer, err := sarama.NewAsyncProducer([]string{bootstrap}, producing)
	if err != nil {
		return err
	}
	defer producer.Close()
	config := config()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.IsolationLevel = sarama.ReadCommitted
	member, err := sarama.NewConsumerGroup([]string{bootstrap}, group, config)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	c := &copier{left: int(count), to: to, group: group, producer: producer, end: end}
	for ctx.Err() == nil {
		if err := member.Consume(ctx, []string{from}, c); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return errors.Join(c.failed, member.Close())
}

func admin(bootstrap string) (contract.Admin, error) {
	config := config()
	config.Producer.Partitioner = sarama.NewManualPartitioner
	client, err := sarama.NewClient([]string{bootstrap}, config)
	if err != nil {
		return nil, err
	}
	producer, err := sarama.NewSyncProducerFromClient(client)
	if err != nil {
		return nil, err
	}
	adm, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return nil, err
	}
	times := map[string]int64{"earliest": sarama.OffsetOldest, "latest": sarama.OffsetNewest}
	return contract.Admin{
		"create": func(w []string) (string, error) {
			detail := &sarama.TopicDetail{NumPartitions: int32(contract.Number(w[1])), ReplicationFactor: -1,
				ConfigEntries: map[string]*string{}}
			for _, config := range w[2:] {
				name, value, _ := strings.Cut(config, "=")
				detail.ConfigEntries[name] = &value
			}
			return "", adm.CreateTopic(w[0], detail, false)
		},
		"exists": func(w []string) (string, error) {
			topics, err := adm.ListTopics()
			_, there := topics[w[0]]
			return contract.YesNo(there), err
		},
		"partitions": func(w []string) (string, error) {
			topics, err := adm.DescribeTopics(w[:1])
			if err != nil {
				return "", err
			}
			return fmt.Sprint(len(topics[0].Partitions)), nil
		},
		"config": func(w []string) (string, error) {
			entries, err := adm.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: w[0],
				ConfigNames: w[1:]})
			if err != nil || len(entries) != 1 {
				return "none", err
			}
			return entries[0].Value, nil
		},
		"set-config": func(w []string) (string, error) {
			return "", adm.IncrementalAlterConfig(sarama.TopicResource, w[0],
				map[string]sarama.IncrementalAlterConfigsEntry{
					w[1]: {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &w[2]}}, false)
		},
		"add-partitions": func(w []string) (string, error) {
			return "", adm.CreatePartitions(w[0], int32(contract.Number(w[1])), nil, false)
		},
		"send": func(w []string) (string, error) {
			_, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: w[0],
				Partition: int32(contract.Number(w[1])), Timestamp: time.UnixMilli(contract.Number(w[2])),
				Value: sarama.StringEncoder(w[3])})
			return "", err
		},
		"offset": func(w []string) (string, error) {
			if w[2] == "max-timestamp" {
				return "n/a", nil // its ListOffsets requests are too old to ask this
			}
			at, special := times[w[2]]
			if !special {
				at = contract.Number(w[2])
			}
			partition := int32(contract.Number(w[1]))
			found, err := adm.ListOffsets(map[string]map[int32]int64{w[0]: {partition: at}}, nil)
			if err != nil {
				return "", err
			}
			result := found[w[0]][partition]
			if !errors.Is(result.Err, sarama.ErrNoError) {
				return "", result.Err
			}
			return fmt.Sprint(result.Offset), nil
		},
		"delete-records": func(w []string) (string, error) {
			return "", adm.DeleteRecords(w[0], map[int32]int64{int32(contract.Number(w[1])): contract.Number(w[2])})
		},
		"delete": func(w []string) (string, error) {
			return "", adm.DeleteTopic(w[0])
		},
	}, nil
}

func main() {
	contract.Main(contract.Client{Module: "github.com/IBM/sarama", Produce: produce, Consume: consume, Group: group,
		Copy: copyInTransactions, Admin: admin})
}
