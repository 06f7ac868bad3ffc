"""What share coordinators keep (KIP-932): progress of a group in a partition, fenced by epochs, across kill -9."""
import argparse
import base64
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "bench"))
from brokers import eventually  # noqa: E402
from process import Broker, Checks  # noqa: E402
from surface import ask  # noqa: E402

GROUP = "sharers"
FENCED_LEADER_EPOCH, INVALID_REQUEST, FENCED_STATE_EPOCH = 74, 42, 124


def one(port, api, version, topic, **fields):
    """The result of a request about one partition."""
    told = ask(port, api, version, {"group_id": GROUP, "topics": [{"topic_id": topic, "partitions": [{"partition": 0, **fields}]}]})
    return told["results"][0]["partitions"][0]


def found(port, key, version=6):
    told = ask(port, "find_coordinator", version, {"key_type": 2, "coordinator_keys": [key]})
    return told["coordinators"][0]["error"]


def key_of(topic):
    return f"{GROUP}:{base64.urlsafe_b64encode(bytes.fromhex(topic)).decode().rstrip('=')}:0"


def batch(first, last, state, count):
    return {"first_offset": first, "last_offset": last, "delivery_state": state, "delivery_count": count}


def write(port, topic, state_epoch, leader_epoch, start, batches):
    return one(port, "write_share_group_state", 1, topic, state_epoch=state_epoch, leader_epoch=leader_epoch, start_offset=start,
               delivery_complete_count=len(batches), state_batches=batches)


def keeps(check, port, topic):
    check("a key that is none is refused", found(port, "sharers") == INVALID_REQUEST)
    check("the coordinator is found", eventually(lambda: found(port, key_of(topic)) == 0))
    check("nothing is known at first", eventually(
        lambda: one(port, "read_share_group_state", 0, topic, leader_epoch=0)["error"] == INVALID_REQUEST))
    check("a group begins", one(port, "initialize_share_group_state", 0, topic, state_epoch=5, start_offset=-1)["error"] == 0)
    read = one(port, "read_share_group_state", 0, topic, leader_epoch=3)
    check("a leader reads", (read["error"], read["state_epoch"], read["start_offset"]) == (0, 5, -1), read)
    check("and writes", write(port, topic, 5, 3, 10, [batch(12, 14, 2, 1)])["error"] == 0)
    check("the one before may not", write(port, topic, 5, 2, 99, [])["error"] == FENCED_LEADER_EPOCH)
    check("nor one of an older run of the group", write(port, topic, 4, 3, 99, [])["error"] == FENCED_STATE_EPOCH)


def kept(check, port, topic):
    def look():
        read = one(port, "read_share_group_state", 0, topic, leader_epoch=3)
        return read if read["error"] == 0 else None

    read = eventually(look)
    check("all of it is there after kill -9", read and (read["start_offset"], read["state_batches"]) == (10, [batch(12, 14, 2, 1)]), read)
    brief = one(port, "read_share_group_state_summary", 1, topic, leader_epoch=3)
    check("and in brief", (brief["start_offset"], brief["delivery_complete_count"]) == (10, 1), brief)
    check("it is deleted", one(port, "delete_share_group_state", 0, topic)["error"] == 0)
    check("and gone", one(port, "read_share_group_state", 0, topic, leader_epoch=3)["error"] == INVALID_REQUEST)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--weir", required=True)
    weir = options.parse_args().weir
    check = Checks()
    with Broker(weir) as broker:
        made = ask(broker.kafka_port, "create_topics", 7, {"topics": [{"name": "shared", "num_partitions": 1, "replication_factor": 1}],
                                                            "timeout_ms": 10000})
        topic = made["topics"][0]["topic_id"]
        keeps(check, broker.kafka_port, topic)
        broker.kill()
        broker.start()
        kept(check, broker.kafka_port, topic)
    check.close()


main()
