#include "reference/client/etcd_messages.h"

#include <utility>

#include "reference/store/etcd.pb.h"

namespace kp::client {

etcdserverpb::RangeRequest ToMessage(const EtcdRange& range) {
  etcdserverpb::RangeRequest message;
  message.set_key(range.key);
  message.set_range_end(range.range_end);
  message.set_limit(range.limit);
  message.set_revision(range.revision);
  message.set_serializable(range.serializable);
  message.set_count_only(range.count_only);
  message.set_keys_only(range.keys_only);
  return message;
}

etcdserverpb::TxnRequest ToMessage(const EtcdGuardedWrite& write) {
  etcdserverpb::TxnRequest txn;
  etcdserverpb::Compare* compare = txn.add_compare();
  compare->set_result(etcdserverpb::Compare::EQUAL);
  compare->set_target(etcdserverpb::Compare::MOD);
  compare->set_key(write.key);
  compare->set_mod_revision(write.expected_revision);
  if (write.value) {
    etcdserverpb::PutRequest* put = txn.add_success()->mutable_request_put();
    put->set_key(write.key);
    put->set_value(*write.value);
    put->set_lease(write.lease);
  } else {
    txn.add_success()->mutable_request_delete_range()->set_key(write.key);
  }
  txn.add_failure()->mutable_request_range()->set_key(write.key);
  return txn;
}

etcdserverpb::WatchRequest ToMessage(const EtcdWatchOptions& options) {
  etcdserverpb::WatchRequest message;
  etcdserverpb::WatchCreateRequest* create = message.mutable_create_request();
  create->set_key(options.key);
  create->set_range_end(options.range_end);
  create->set_start_revision(options.start_revision);
  create->set_prev_kv(options.prev_kv);
  create->set_progress_notify(options.progress_notify);
  create->set_fragment(true);
  return message;
}

EtcdKeyValue FromMessage(mvccpb::KeyValue kv) {
  EtcdKeyValue result;
  result.key = std::move(*kv.mutable_key());
  result.value = std::move(*kv.mutable_value());
  result.create_revision = kv.create_revision();
  result.mod_revision = kv.mod_revision();
  result.version = kv.version();
  result.lease = kv.lease();
  return result;
}

EtcdRangeResult FromMessage(etcdserverpb::RangeResponse reply) {
  EtcdRangeResult result;
  result.revision = reply.header().revision();
  result.more = reply.more();
  result.count = reply.count();
  result.kvs.reserve(static_cast<size_t>(reply.kvs_size()));
  for (mvccpb::KeyValue& kv : *reply.mutable_kvs()) result.kvs.push_back(FromMessage(std::move(kv)));
  return result;
}

EtcdWriteResult FromMessage(etcdserverpb::TxnResponse reply) {
  EtcdWriteResult result;
  result.succeeded = reply.succeeded();
  result.revision = reply.header().revision();
  if (!result.succeeded && reply.responses_size() > 0) {
    etcdserverpb::RangeResponse* read = reply.mutable_responses(0)->mutable_response_range();
    if (read->kvs_size() > 0) result.current = FromMessage(std::move(*read->mutable_kvs(0)));
  }
  return result;
}

EtcdEvent FromMessage(mvccpb::Event event) {
  EtcdEvent result;
  result.is_delete = event.type() == mvccpb::Event::DELETE;
  if (event.has_prev_kv()) result.previous = FromMessage(std::move(*event.mutable_prev_kv()));
  result.kv = FromMessage(std::move(*event.mutable_kv()));
  return result;
}

}  // namespace kp::client
