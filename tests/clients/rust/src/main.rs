//! rskafka: the protocol in pure Rust. The arguments and the dialog are told in ../../README.md.

use std::collections::hash_map::DefaultHasher;
use std::error::Error;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, BufWriter, Write};

use chrono::{DateTime, Utc};
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::Record;
use rskafka::topic::Topic;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const BATCH_BYTES: usize = 256 * 1024;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["produce", bootstrap, topic, compression, path] => {
            produce(&connect(bootstrap).await?, topic, codec(compression)?, &fs::read(path)?).await
        }
        ["consume", bootstrap, topic, path] => {
            consume(&connect(bootstrap).await?, topic, File::create(path)?).await
        }
        ["admin", bootstrap] => dialog(&connect(bootstrap).await?).await,
        ["version"] => {
            println!("{}", version().ok_or("the lock file has no rskafka")?);
            Ok(())
        }
        _ => Err("produce BOOTSTRAP TOPIC COMPRESSION FILE | consume BOOTSTRAP TOPIC FILE | admin BOOTSTRAP | version".into()),
    }
}

/// As it was built: the second line of the package in the lock file.
fn version() -> Option<&'static str> {
    let (_, package) = include_str!("../Cargo.lock").split_once("name = \"rskafka\"\n")?;
    package.split('"').nth(1)
}

async fn connect(bootstrap: &str) -> Result<Client> {
    Ok(ClientBuilder::new(vec![bootstrap.to_owned()]).build().await?)
}

fn codec(name: &str) -> Result<Compression> {
    Ok(match name {
        "none" => Compression::NoCompression,
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => return Err(format!("no compression is called {name}").into()),
    })
}

async fn find(client: &Client, topic: &str) -> Result<Option<Topic>> {
    Ok(client.list_topics().await?.into_iter().find(|found| found.name == topic))
}

async fn partition(client: &Client, topic: &str, number: i32) -> Result<PartitionClient> {
    Ok(client.partition_client(topic, number, UnknownTopicHandling::Retry).await?)
}

async fn partitions(client: &Client, topic: &str) -> Result<Vec<PartitionClient>> {
    let mut opened = Vec::new();
    for number in find(client, topic).await?.ok_or("no such topic")?.partitions {
        opened.push(partition(client, topic, number).await?);
    }
    Ok(opened)
}

fn record(key: Option<&[u8]>, value: &[u8], timestamp: DateTime<Utc>) -> Record {
    Record { key: key.map(<[u8]>::to_vec), value: Some(value.to_vec()), headers: Default::default(), timestamp }
}

/// The library leaves partitioning and batching to its user and has no idempotent producer.
async fn produce(client: &Client, topic: &str, compression: Compression, data: &[u8]) -> Result<()> {
    let partitions = partitions(client, topic).await?;
    let mut batches: Vec<(usize, Vec<Record>)> = partitions.iter().map(|_| Default::default()).collect();
    for line in data.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let tab = line.iter().position(|&byte| byte == b'\t').ok_or("a line without a tab")?;
        let (key, value) = (&line[..tab], &line[tab + 1..]);
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let home = (hasher.finish() % partitions.len() as u64) as usize;
        let (bytes, records) = &mut batches[home];
        records.push(record(Some(key), value, Utc::now()));
        *bytes += line.len();
        if *bytes >= BATCH_BYTES {
            *bytes = 0;
            partitions[home].produce(std::mem::take(records), compression).await?;
        }
    }
    for (partition, (_, records)) in partitions.iter().zip(batches) {
        partition.produce(records, compression).await?;
    }
    Ok(())
}

async fn consume(client: &Client, topic: &str, file: File) -> Result<()> {
    let mut out = BufWriter::new(file);
    for partition in partitions(client, topic).await? {
        let end = partition.get_offset(OffsetAt::Latest).await?;
        let mut next = partition.get_offset(OffsetAt::Earliest).await?;
        while next < end {
            let (records, _) = partition.fetch_records(next, 1..1_000_000, 1_000).await?;
            for found in records.into_iter().filter(|found| found.offset < end) {
                write!(out, "{}\t{}\t", partition.partition(), found.offset)?;
                out.write_all(&found.record.key.unwrap_or_default())?;
                out.write_all(b"\t")?;
                out.write_all(&found.record.value.unwrap_or_default())?;
                out.write_all(b"\n")?;
                next = found.offset + 1;
            }
        }
    }
    Ok(out.flush()?)
}

async fn dialog(client: &Client) -> Result<()> {
    for line in io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match answer(client, &words).await {
            Ok(said) => println!("{said}"),
            Err(error) => println!("! {}", error.to_string().replace('\n', " ")),
        }
    }
    Ok(())
}

async fn answer(client: &Client, words: &[&str]) -> Result<String> {
    let ok = || Ok("ok".to_owned());
    match *words {
        // It cannot give configs to a new topic.
        ["create", topic, count, ..] => {
            client.controller_client()?.create_topic(topic, count.parse()?, -1, 5_000).await?;
            ok()
        }
        ["exists", topic] => Ok(if find(client, topic).await?.is_some() { "yes" } else { "no" }.to_owned()),
        ["partitions", topic] => {
            Ok(find(client, topic).await?.map_or(0, |found| found.partitions.len()).to_string())
        }
        ["send", topic, number, timestamp, value] => {
            let at = DateTime::from_timestamp_millis(timestamp.parse()?).ok_or("a bad timestamp")?;
            let records = vec![record(None, value.as_bytes(), at)];
            partition(client, topic, number.parse()?).await?.produce(records, Compression::NoCompression).await?;
            ok()
        }
        ["offset", _, _, "max-timestamp"] => Ok("n/a".to_owned()),
        ["offset", topic, number, at] => {
            let at = match at {
                "earliest" => OffsetAt::Earliest,
                "latest" => OffsetAt::Latest,
                time => OffsetAt::Timestamp(
                    DateTime::from_timestamp_millis(time.parse()?).ok_or("a bad timestamp")?),
            };
            Ok(partition(client, topic, number.parse()?).await?.get_offset(at).await?.to_string())
        }
        ["delete-records", topic, number, before] => {
            partition(client, topic, number.parse()?).await?.delete_records(before.parse()?, 5_000).await?;
            ok()
        }
        ["delete", topic] => {
            client.controller_client()?.delete_topic(topic, 5_000).await?;
            ok()
        }
        _ => Ok("n/a".to_owned()),
    }
}
