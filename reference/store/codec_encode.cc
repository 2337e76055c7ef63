#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/codec.h"
#include "reference/store/proto_writer.h"

namespace kp::store {
namespace {

// Field numbers are those of etcd.proto; the header is field 1 of every answer.
void WriteHeader(ProtoWriter& out, const ReplyHeader& header) {
  const uint64_t term = KP_MUTANT("store-header-hides-the-term") ? 0 : header.term;
  out.Reserve(64);
  out.Begin(1, ProtoWriter::Size(header.cluster) + ProtoWriter::Size(header.member) +
                   ProtoWriter::Size(static_cast<uint64_t>(header.revision)) + ProtoWriter::Size(term));
  out.Uint(1, header.cluster);
  out.Uint(2, header.member);
  out.Int(3, header.revision);
  out.Uint(4, term);
}

void Body(ProtoWriter&, const PlainResponse&) {}

void Body(ProtoWriter& out, const RangeResponse& response) {
  const auto value = response.keys_only ? ProtoWriter::Value::kWithout : ProtoWriter::Value::kWith;
  size_t size = 64;
  for (const KeyValuePtr& kv : response.kvs) size += ProtoWriter::Size(*kv, value) + 6;
  out.Reserve(size);
  for (const KeyValuePtr& kv : response.kvs) out.Pair(2, *kv, value);
  if (!KP_MUTANT("protobuf-drops-range-more")) out.Bool(3, response.more);
  out.Int(4, response.count);
}

void Body(ProtoWriter& out, const PutResponse& response) {
  if (response.previous) out.Pair(2, *response.previous);
}

void Body(ProtoWriter& out, const DeleteRangeResponse& response) {
  out.Int(2, response.deleted);
  for (const KeyValuePtr& kv : response.previous) out.Pair(3, *kv);
}

template <typename T>
std::string Whole(const ReplyHeader& header, const T& response);

// Headers inside a transaction carry the revision only, as etcd's do.
template <typename T>
void WriteOp(ProtoWriter& out, uint32_t field, const T& response) {
  ProtoWriter op;
  op.Message(field, Whole({.revision = response.revision}, response));
  out.Message(3, op.Take());
}

struct OpWriter {
  ProtoWriter& out;
  void operator()(const RangeResponse& response) { WriteOp(out, 1, response); }
  void operator()(const PutResponse& response) { WriteOp(out, 2, response); }
  void operator()(const DeleteRangeResponse& response) { WriteOp(out, 3, response); }
  void operator()(const std::shared_ptr<const TxnResponse>& response) { WriteOp(out, 4, *response); }
};

void Body(ProtoWriter& out, const TxnResponse& response) {
  out.Bool(2, response.succeeded);
  for (const ResponseOp& op : response.responses) std::visit(OpWriter{out}, op);
}

void Body(ProtoWriter& out, const LeaseGrantResponse& response) {
  out.Int(2, response.id);
  out.Int(3, response.ttl);
}

void Body(ProtoWriter& out, const AlarmResponse& response) {
  for (const AlarmMember& alarm : response.alarms) {
    ProtoWriter member;
    member.Uint(1, alarm.member);
    member.Int(2, static_cast<int>(alarm.alarm));
    out.Message(2, member.Take());
  }
}

void Body(ProtoWriter& out, const LeaseTimeToLiveResponse& response) {
  out.Int(2, response.id);
  out.Int(3, response.ttl);
  out.Int(4, response.granted_ttl);
  for (const std::string& key : response.keys) out.Message(5, key);
}

void Body(ProtoWriter& out, const StatusResponse& response) {
  out.Bytes(2, response.version);
  if (!KP_MUTANT("status-hides-the-size")) out.Int(3, response.size);
  out.Uint(4, response.leader);
  out.Uint(5, response.raft_index);
  out.Uint(6, response.raft_term);
  out.Uint(7, response.applied_index);
  for (const std::string& error : response.errors) out.Message(8, error);
  out.Int(9, response.size_in_use);
  out.Bool(10, response.learner);
}

void Body(ProtoWriter& out, const std::vector<MemberDescription>& members) {
  for (const MemberDescription& description : members) {
    if (description.id == members.front().id && KP_MUTANT("members-leave-the-first-out")) continue;
    ProtoWriter member;
    member.Uint(1, description.id);
    member.Bytes(2, description.name);
    for (const std::string& url : description.peer_urls) member.Message(3, url);
    for (const std::string& url : description.client_urls) member.Message(4, url);
    member.Bool(5, description.learner);
    out.Message(2, member.Take());
  }
}

template <typename T>
std::string Whole(const ReplyHeader& header, const T& response) {
  ProtoWriter out;
  WriteHeader(out, header);
  Body(out, response);
  return out.Take();
}

// What the event tells of its key.
KeyValuePtr Told(const Event& event) {
  if (event.is_delete() && event.previous && KP_MUTANT("watch-deletion-tells-the-old-pair")) return event.previous;
  if (KP_MUTANT("watch-put-hides-the-version")) {
    const KeyValue& kv = *event.kv;
    return std::make_shared<const KeyValue>(KeyValue{kv.key, kv.value, kv.create_revision, kv.mod_revision});
  }
  return event.kv;
}

void WriteEvent(ProtoWriter& out, const Event& event, bool prev_kv) {
  const KeyValuePtr told = Told(event);
  const KeyValue* previous = prev_kv && !KP_MUTANT("watch-skips-prev-kv") ? event.previous.get() : nullptr;
  size_t size = (event.is_delete() ? 2 : 0) + ProtoWriter::PairSize(*told);
  if (previous != nullptr) size += ProtoWriter::PairSize(*previous);
  out.Begin(11, size);
  out.Bool(1, event.is_delete());
  out.Pair(2, *told);
  if (previous != nullptr) out.Pair(3, *previous);
}

std::string EncodeHead(const ReplyHeader& header, const WatchReply& reply, bool more_follow) {
  ProtoWriter out;
  WriteHeader(out, header);
  out.Int(2, KP_MUTANT("watch-ids-are-below-zero") ? -2 - reply.watch_id : reply.watch_id);
  out.Bool(3, reply.created);
  out.Bool(4, reply.canceled);
  out.Int(5, reply.compact_revision);
  out.Bytes(6, reply.canceled && KP_MUTANT("watch-cancel-gives-its-own-reason") ? "gone" : reply.cancel_reason);
  out.Bool(7, more_follow);
  return out.Take();
}

}  // namespace

std::string Encode(const ReplyHeader& h, const PlainResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const RangeResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const PutResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const DeleteRangeResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const TxnResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const LeaseGrantResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const AlarmResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const LeaseTimeToLiveResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const StatusResponse& r) { return Whole(h, r); }
std::string Encode(const ReplyHeader& h, const std::vector<MemberDescription>& m) { return Whole(h, m); }

std::string EncodePart(const RangeResponse& response) {
  ProtoWriter out;
  Body(out, response);
  return out.Take();
}

std::string EncodeLeases(const ReplyHeader& header, const std::vector<LeaseId>& leases) {
  ProtoWriter out;
  WriteHeader(out, header);
  for (const LeaseId id : leases) {
    if (KP_MUTANT("lease-list-is-empty")) break;
    ProtoWriter lease;
    lease.Int(1, id);
    out.Message(2, lease.Take());
  }
  return out.Take();
}

std::string EncodeKeepAlive(const ReplyHeader& header, LeaseId id, int64_t ttl) {
  return Whole(header, LeaseGrantResponse{.id = id, .ttl = ttl});
}

std::string EncodeHash(const ReplyHeader& header, uint32_t hash) { return EncodeHashKv(header, hash, 0); }

std::string EncodeHashKv(const ReplyHeader& header, uint32_t hash, Revision compacted) {
  ProtoWriter out;
  WriteHeader(out, header);
  out.Uint(2, hash);
  out.Int(3, compacted);
  return out.Take();
}

std::string EncodeHead(const ReplyHeader& header, const WatchReply& reply) { return EncodeHead(header, reply, false); }

std::shared_ptr<const std::string> EncodeEvents(const EventBatch& batch, bool prev_kv) {
  std::shared_ptr<const std::string>& encoded = batch.encoded[prev_kv ? 1 : 0];
  if (!encoded) {
    ProtoWriter out;
    for (const Event& event : batch.events) WriteEvent(out, event, prev_kv);
    encoded = std::make_shared<const std::string>(out.Take());
  }
  return encoded;
}

std::vector<std::string> Encode(const ReplyHeader& header, const WatchReply& reply, size_t max_bytes) {
  std::vector<std::string> messages;
  std::string events;
  const auto flush = [&](bool more_follow) {
    messages.push_back(EncodeHead(header, reply, more_follow) + std::exchange(events, {}));
  };
  for (const Event& event : reply.events()) {
    ProtoWriter one;
    WriteEvent(one, event, reply.prev_kv);
    const std::string bytes = one.Take();
    if (reply.may_fragment && !events.empty() && events.size() + bytes.size() > max_bytes) flush(true);
    events += bytes;
  }
  flush(false);
  return messages;
}

std::string EncodeRequest(const LeaseGrantRequest& request) {
  ProtoWriter out;
  out.Int(1, request.ttl);
  out.Int(2, request.id);
  return out.Take();
}

std::string EncodeRequest(const LeaseRevokeRequest& request) {
  ProtoWriter out;
  out.Int(1, request.id);
  return out.Take();
}

std::string EncodeRequest(const CompactRequest& request) {
  ProtoWriter out;
  out.Int(1, request.revision);
  out.Bool(2, request.physical);
  return out.Take();
}

std::string EncodeRequest(const AlarmRequest& request) {
  ProtoWriter out;
  out.Int(1, static_cast<int>(request.action));
  out.Uint(2, request.member);
  out.Int(3, static_cast<int>(request.alarm));
  return out.Take();
}

}  // namespace kp::store
