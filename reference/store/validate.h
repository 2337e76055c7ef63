// What can be refused by looking at a request alone, before it is proposed.
#pragma once

#include "reference/base/status.h"
#include "reference/store/requests.h"

namespace kp::store {

// etcd's --max-txn-ops default.
inline constexpr size_t kMaxTxnOps = 128;

Status Validate(const RangeRequest& request);
Status Validate(const PutRequest& request);
Status Validate(const DeleteRangeRequest& request);
Status Validate(const TxnRequest& request, size_t max_ops = kMaxTxnOps);

// True when no branch of it writes: it is then served like a range.
bool IsReadOnly(const TxnRequest& txn);
// True when every operation is a range that asks for local state.
bool IsSerializable(const TxnRequest& txn);

}  // namespace kp::store
