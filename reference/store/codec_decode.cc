#include <utility>

#include "reference/raft/varint.h"
#include "reference/store/codec.h"
#include "reference/store/etcd.pb.h"

namespace kp::store {
namespace {

namespace pb = etcdserverpb;

template <typename Message>
bool Parse(Message& message, std::string_view bytes) {
  return bytes.size() <= INT32_MAX && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Status Malformed() {
  return {Code::kInternal, "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"};
}

// Walks the fields of a message: on_number(field, value), on_bytes(field, bytes). False for what it does not know,
// which is then protobuf's to judge.
template <typename OnNumber, typename OnBytes>
bool WalkFields(std::string_view bytes, OnNumber on_number, OnBytes on_bytes) {
  while (!bytes.empty()) {
    const auto tag = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    bool known = tag < 0x80;
    if ((tag & 7) == 0) {
      const auto value = raft::ConsumeVarint(bytes);
      known = known && value && on_number(tag >> 3, static_cast<int64_t>(*value));
    } else if ((tag & 7) == 2) {
      const auto value = raft::ConsumeBytes(bytes);
      known = known && value && on_bytes(tag >> 3, *value);
    } else {
      known = false;
    }
    if (!known) return false;
  }
  return true;
}

// The two requests that come most are read without a message object in between: that halves their cost.
bool ReadQuickly(std::string_view bytes, PutRequest& put) {
  return WalkFields(
      bytes,
      [&put](int field, int64_t value) {
        switch (field) {
          case 3: put.lease = value; return true;
          case 4: put.prev_kv = value != 0; return true;
          case 5: put.ignore_value = value != 0; return true;
          case 6: put.ignore_lease = value != 0; return true;
          default: return false;
        }
      },
      [&put](int field, std::string_view value) {
        if (field > 2) return false;
        (field == 1 ? put.key : put.value).assign(value);
        return true;
      });
}

bool ReadQuickly(std::string_view bytes, RangeRequest& range) {
  return WalkFields(
      bytes,
      [&range](int field, int64_t value) {
        switch (field) {
          case 3: range.limit = value; return true;
          case 4: range.revision = value; return true;
          case 7: range.serializable = value != 0; return true;
          case 8: range.keys_only = value != 0; return true;
          case 9: range.count_only = value != 0; return true;
          default: return false;
        }
      },
      [&range](int field, std::string_view value) {
        if (field > 2) return false;
        (field == 1 ? range.key : range.range_end).assign(value);
        return true;
      });
}

RangeRequest From(pb::RangeRequest& message) {
  return {.key = std::move(*message.mutable_key()),
          .range_end = std::move(*message.mutable_range_end()),
          .limit = message.limit(),
          .revision = message.revision(),
          .order = static_cast<RangeRequest::Order>(message.sort_order()),
          .target = static_cast<RangeRequest::Target>(message.sort_target()),
          .serializable = message.serializable(),
          .keys_only = message.keys_only(),
          .count_only = message.count_only(),
          .min_mod_revision = message.min_mod_revision(),
          .max_mod_revision = message.max_mod_revision(),
          .min_create_revision = message.min_create_revision(),
          .max_create_revision = message.max_create_revision()};
}

PutRequest From(pb::PutRequest& message) {
  return {.key = std::move(*message.mutable_key()),
          .value = std::move(*message.mutable_value()),
          .lease = message.lease(),
          .prev_kv = message.prev_kv(),
          .ignore_value = message.ignore_value(),
          .ignore_lease = message.ignore_lease()};
}

DeleteRangeRequest From(pb::DeleteRangeRequest& message) {
  return {.key = std::move(*message.mutable_key()),
          .range_end = std::move(*message.mutable_range_end()),
          .prev_kv = message.prev_kv()};
}

Compare From(pb::Compare& message) {
  Compare compare;
  compare.result = static_cast<Compare::Result>(message.result());
  compare.target = static_cast<Compare::Target>(message.target());
  compare.key = std::move(*message.mutable_key());
  compare.range_end = std::move(*message.mutable_range_end());
  // The member of the union that the target names; another one counts as unset, which is zero.
  switch (compare.target) {
    case Compare::Target::kVersion: compare.number = message.version(); break;
    case Compare::Target::kCreate: compare.number = message.create_revision(); break;
    case Compare::Target::kMod: compare.number = message.mod_revision(); break;
    case Compare::Target::kLease: compare.number = message.lease(); break;
    case Compare::Target::kValue:
      if (message.target_union_case() == pb::Compare::kValue) compare.value = std::move(*message.mutable_value());
      break;
  }
  return compare;
}

TxnRequest From(pb::TxnRequest& message);

std::vector<RequestOp> From(google::protobuf::RepeatedPtrField<pb::RequestOp>& operations) {
  std::vector<RequestOp> result;
  result.reserve(static_cast<size_t>(operations.size()));
  for (pb::RequestOp& op : operations) {
    switch (op.request_case()) {
      case pb::RequestOp::kRequestRange: result.emplace_back(From(*op.mutable_request_range())); break;
      case pb::RequestOp::kRequestPut: result.emplace_back(From(*op.mutable_request_put())); break;
      case pb::RequestOp::kRequestDeleteRange: result.emplace_back(From(*op.mutable_request_delete_range())); break;
      case pb::RequestOp::kRequestTxn:
        result.emplace_back(std::make_shared<const TxnRequest>(From(*op.mutable_request_txn())));
        break;
      case pb::RequestOp::REQUEST_NOT_SET: result.emplace_back(std::monostate()); break;
    }
  }
  return result;
}

TxnRequest From(pb::TxnRequest& message) {
  TxnRequest txn;
  txn.compares.reserve(static_cast<size_t>(message.compare_size()));
  for (pb::Compare& compare : *message.mutable_compare()) txn.compares.push_back(From(compare));
  txn.success = From(*message.mutable_success());
  txn.failure = From(*message.mutable_failure());
  return txn;
}

CompactRequest From(pb::CompactionRequest& m) { return {.revision = m.revision(), .physical = m.physical()}; }
LeaseGrantRequest From(pb::LeaseGrantRequest& m) { return {.id = m.id(), .ttl = m.ttl()}; }
LeaseRevokeRequest From(pb::LeaseRevokeRequest& m) { return {.id = m.id()}; }
LeaseTimeToLiveRequest From(pb::LeaseTimeToLiveRequest& m) { return {.id = m.id(), .keys = m.keys()}; }
AlarmRequest From(pb::AlarmRequest& m) {
  return {.action = static_cast<AlarmRequest::Action>(m.action()),
          .member = m.memberid(),
          .alarm = static_cast<AlarmType>(m.alarm())};
}

WatchCreate From(pb::WatchCreateRequest& message) {
  WatchCreate create{.key = std::move(*message.mutable_key()),
                     .range_end = std::move(*message.mutable_range_end()),
                     .start_revision = message.start_revision(),
                     .progress_notify = message.progress_notify(),
                     .prev_kv = message.prev_kv(),
                     .watch_id = message.watch_id(),
                     .fragment = message.fragment()};
  for (const int filter : message.filters()) {
    create.no_put |= filter == pb::WatchCreateRequest::NOPUT;
    create.no_delete |= filter == pb::WatchCreateRequest::NODELETE;
  }
  return create;
}

WatchRequest From(pb::WatchRequest& message) {
  switch (message.request_union_case()) {
    case pb::WatchRequest::kCreateRequest: return From(*message.mutable_create_request());
    case pb::WatchRequest::kCancelRequest: return WatchCancel{message.cancel_request().watch_id()};
    case pb::WatchRequest::kProgressRequest: return WatchProgress{};
    case pb::WatchRequest::REQUEST_UNION_NOT_SET: break;
  }
  return std::monostate();
}

template <typename Message>
auto DecodeAs(std::string_view bytes) -> Result<decltype(From(std::declval<Message&>()))> {
  Message message;
  if (!Parse(message, bytes)) return Malformed();
  return From(message);
}

template <typename T>
Result<Command> AsCommand(Result<T> request) {
  if (!request.ok()) return request.error();
  return Command(std::move(*request));
}

}  // namespace

template <>
Result<RangeRequest> Decode(std::string_view bytes) {
  if (RangeRequest range; ReadQuickly(bytes, range)) return range;
  return DecodeAs<pb::RangeRequest>(bytes);
}
template <>
Result<PutRequest> Decode(std::string_view bytes) {
  if (PutRequest put; ReadQuickly(bytes, put)) return put;
  return DecodeAs<pb::PutRequest>(bytes);
}
template <>
Result<DeleteRangeRequest> Decode(std::string_view bytes) {
  return DecodeAs<pb::DeleteRangeRequest>(bytes);
}
template <>
Result<TxnRequest> Decode(std::string_view bytes) {
  return DecodeAs<pb::TxnRequest>(bytes);
}
template <>
Result<CompactRequest> Decode(std::string_view bytes) {
  return DecodeAs<pb::CompactionRequest>(bytes);
}
template <>
Result<LeaseGrantRequest> Decode(std::string_view bytes) {
  return DecodeAs<pb::LeaseGrantRequest>(bytes);
}
template <>
Result<LeaseRevokeRequest> Decode(std::string_view bytes) {
  return DecodeAs<pb::LeaseRevokeRequest>(bytes);
}
template <>
Result<LeaseTimeToLiveRequest> Decode(std::string_view bytes) {
  return DecodeAs<pb::LeaseTimeToLiveRequest>(bytes);
}
template <>
Result<AlarmRequest> Decode(std::string_view bytes) {
  return DecodeAs<pb::AlarmRequest>(bytes);
}
template <>
Result<WatchRequest> Decode(std::string_view bytes) {
  return DecodeAs<pb::WatchRequest>(bytes);
}
// HashKV asks for one revision, a keep-alive for one lease: int64 field 1 either way.
template <>
Result<int64_t> Decode(std::string_view bytes) {
  pb::HashKVRequest message;
  if (!Parse(message, bytes)) return Malformed();
  return message.revision();
}

Result<Command> DecodeCommand(CommandKind kind, std::string_view bytes) {
  switch (kind) {
    case CommandKind::kPut: return AsCommand(Decode<PutRequest>(bytes));
    case CommandKind::kDeleteRange: return AsCommand(Decode<DeleteRangeRequest>(bytes));
    case CommandKind::kTxn: return AsCommand(Decode<TxnRequest>(bytes));
    case CommandKind::kCompact: return AsCommand(Decode<CompactRequest>(bytes));
    case CommandKind::kLeaseGrant: return AsCommand(Decode<LeaseGrantRequest>(bytes));
    case CommandKind::kLeaseRevoke: return AsCommand(Decode<LeaseRevokeRequest>(bytes));
    case CommandKind::kAlarm: return AsCommand(Decode<AlarmRequest>(bytes));
    case CommandKind::kAuth: return AsCommand(DecodeAuthCommand(bytes));
    case CommandKind::kMembers: break;
  }
  return Status(Code::kDataLoss, "log: unknown command kind " + std::to_string(static_cast<int>(kind)));
}

}  // namespace kp::store
