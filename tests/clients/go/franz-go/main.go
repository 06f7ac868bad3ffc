// franz-go: the protocol in pure Go, newest versions of everything.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/clients/contract"
)

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func produce(bootstrap, topic, compression string, records func(yield func(key, value []byte) bool)) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.DefaultProduceTopic(topic),
		kgo.ProducerBatchCompression(codecs[compression]), kgo.ProducerLinger(20*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	failed := make(chan error, 1)
	for key, value := range records {
		client.Produce(context.Background(), &kgo.Record{Key: key, Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default: // the first one is enough
				}
			}
		})
	}
	if err := client.Flush(context.Background()); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func consume(bootstrap, topic string, write func(partition int32, offset int64, key, value []byte)) error {
	ctx := context.Background()
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	assigned := map[int32]kgo.Offset{}
	ends.Each(func(end kadm.ListedOffset) {
		if end.Offset > 0 {
			assigned[end.Partition] = kgo.NewOffset().AtStart()
		}
	})
	client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: assigned})
	for waiting := len(assigned); waiting > 0; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(record *kgo.Record) {
			end, _ := ends.Lookup(topic, record.Partition)
			if record.Offset < end.Offset {
				write(record.Partition, record.Offset, record.Key, record.Value)
			}
			if record.Offset == end.Offset-1 {
				waiting--
			}
		})
	}
	return nil
}

func group(bootstrap, topic, name string, count int64, write func(partition int32, offset int64, key, value []byte)) error {
	ctx := context.Background()
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumerGroup(name), kgo.ConsumeTopics(topic),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close() // leaves the group
	reached := map[int32]kgo.EpochOffset{}
	for count > 0 {
		fetches := client.PollRecords(ctx, int(min(count, 5000)))
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(record *kgo.Record) {
			write(record.Partition, record.Offset, record.Key, record.Value)
			reached[record.Partition] = kgo.EpochOffset{Epoch: record.LeaderEpoch, Offset: record.Offset + 1}
			count--
		})
	}
	var failed error
	client.CommitOffsetsSync(ctx, map[string]map[int32]kgo.EpochOffset{topic: reached},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
			failed = err
			if answer == nil {
				return
			}
			for _, partition := range answer.Topics[0].Partitions {
				if refused := kerr.ErrorForCode(partition.ErrorCode); refused != nil {
					failed = refused
				}
			}
		})
	return failed
}

func copyInTransactions(bootstrap, from, to, group, id string, count int64) error {
	ctx := context.Background()
	session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(bootstrap), kgo.TransactionalID(id), kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(from), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets(), kgo.DefaultProduceTopic(to))
	if err != nil {
		return err
	}
	defer session.Close()
	for round := 0; count > 0; round++ {
		fetches := session.PollRecords(ctx, int(min(count, 500)))
		if err := fetches.Err(); err != nil {
			return err
		}
		if err := session.Begin(); err != nil {
			return err
		}
		promise := kgo.AbortingFirstErrPromise(session.Client())
		fetches.EachRecord(func(record *kgo.Record) {
			session.Produce(ctx, &kgo.Record{Key: record.Key, Value: record.Value}, promise.Promise())
		})
		failed := promise.Err()
		// After an abort it polls the same records again by itself.
		committed, err := session.End(ctx, kgo.TransactionEndTry(round%3 != 1 && failed == nil))
		if err := errors.Join(failed, err); err != nil {
			return err
		}
		if committed {
			count -= int64(fetches.NumRecords())
		}
	}
	return nil
}

func admin(bootstrap string) (contract.Admin, error) {
	ctx := context.Background()
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return nil, err
	}
	adm := kadm.NewClient(client)
	return contract.Admin{
		"create": func(w []string) (string, error) {
			configs := map[string]*string{}
			for _, config := range w[2:] {
				name, value, _ := strings.Cut(config, "=")
				configs[name] = &value
			}
			_, err := adm.CreateTopic(ctx, int32(contract.Number(w[1])), -1, configs, w[0])
			return "", err
		},
		"exists": func(w []string) (string, error) {
			topics, err := adm.ListTopics(ctx)
			return contract.YesNo(topics.Has(w[0])), err
		},
		"partitions": func(w []string) (string, error) {
			topics, err := adm.ListTopics(ctx, w[0])
			return fmt.Sprint(len(topics[w[0]].Partitions)), err
		},
		"config": func(w []string) (string, error) {
			all, err := adm.DescribeTopicConfigs(ctx, w[0])
			if err != nil {
				return "", err
			}
			for _, config := range all[0].Configs {
				if config.Key == w[1] {
					return config.MaybeValue(), all[0].Err
				}
			}
			return "none", all[0].Err
		},
		"set-config": func(w []string) (string, error) {
			answers, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: w[1], Value: &w[2]}}, w[0])
			if err != nil {
				return "", err
			}
			return "", answers[0].Err
		},
		"add-partitions": func(w []string) (string, error) {
			answers, err := adm.UpdatePartitions(ctx, int(contract.Number(w[1])), w[0])
			if err != nil {
				return "", err
			}
			return "", answers.Error()
		},
		"send": func(w []string) (string, error) {
			record := &kgo.Record{Topic: w[0], Partition: int32(contract.Number(w[1])),
				Timestamp: time.UnixMilli(contract.Number(w[2])), Value: []byte(w[3])}
			return "", client.ProduceSync(ctx, record).FirstErr()
		},
		"offset": func(w []string) (string, error) {
			var listed kadm.ListedOffsets
			var err error
			switch w[2] {
			case "earliest":
				listed, err = adm.ListStartOffsets(ctx, w[0])
			case "latest":
				listed, err = adm.ListEndOffsets(ctx, w[0])
			case "max-timestamp":
				listed, err = adm.ListMaxTimestampOffsets(ctx, w[0])
			default:
				listed, err = adm.ListOffsetsAfterMilli(ctx, contract.Number(w[2]), w[0])
			}
			if err != nil {
				return "", err
			}
			found, _ := listed.Lookup(w[0], int32(contract.Number(w[1])))
			return fmt.Sprint(found.Offset), found.Err
		},
		"delete-records": func(w []string) (string, error) {
			before := kadm.Offsets{}
			before.AddOffset(w[0], int32(contract.Number(w[1])), contract.Number(w[2]), -1)
			answers, err := adm.DeleteRecords(ctx, before)
			if err != nil {
				return "", err
			}
			return "", answers.Error()
		},
		"delete": func(w []string) (string, error) {
			_, err := adm.DeleteTopic(ctx, w[0])
			return "", err
		},
	}, nil
}

func main() {
	contract.Main(contract.Client{Module: "github.com/twmb/franz-go", Produce: produce, Consume: consume, Group: group,
		Copy: copyInTransactions, Admin: admin})
}
