// Requests that the store makes itself, in etcd's wire form.
#include "reference/store/codec.h"
#include "reference/store/etcd.pb.h"

namespace kp::store {
namespace {

namespace pb = etcdserverpb;

void Fill(pb::TxnRequest& message, const TxnRequest& txn);

struct OpFiller {
  pb::RequestOp& op;
  void operator()(std::monostate) {}
  void operator()(const RangeRequest& range) {
    pb::RangeRequest& message = *op.mutable_request_range();
    message.set_key(range.key);
    message.set_range_end(range.range_end);
    message.set_limit(range.limit);
    message.set_sort_order(static_cast<pb::RangeRequest::SortOrder>(range.order));
    message.set_sort_target(static_cast<pb::RangeRequest::SortTarget>(range.target));
  }
  void operator()(const PutRequest& put) {
    pb::PutRequest& message = *op.mutable_request_put();
    message.set_key(put.key);
    message.set_value(put.value);
    message.set_lease(put.lease);
  }
  void operator()(const DeleteRangeRequest& erase) {
    op.mutable_request_delete_range()->set_key(erase.key);
    op.mutable_request_delete_range()->set_range_end(erase.range_end);
  }
  void operator()(const std::shared_ptr<const TxnRequest>& txn) { Fill(*op.mutable_request_txn(), *txn); }
};

// Numbers of creation are all that our own transactions compare.
void Fill(pb::TxnRequest& message, const TxnRequest& txn) {
  for (const Compare& compare : txn.compares) {
    pb::Compare& wire = *message.add_compare();
    wire.set_key(compare.key);
    wire.set_target(pb::Compare::CREATE);
    wire.set_create_revision(compare.number);
  }
  for (const RequestOp& op : txn.success) std::visit(OpFiller{*message.add_success()}, op);
  for (const RequestOp& op : txn.failure) std::visit(OpFiller{*message.add_failure()}, op);
}

}  // namespace

std::string EncodeRequest(const TxnRequest& txn) {
  pb::TxnRequest message;
  Fill(message, txn);
  return message.SerializeAsString();
}

std::string EncodeRequest(const DeleteRangeRequest& erase) {
  pb::DeleteRangeRequest message;
  message.set_key(erase.key);
  message.set_range_end(erase.range_end);
  return message.SerializeAsString();
}

}  // namespace kp::store
