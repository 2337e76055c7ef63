#include "reference/store/validate.h"

#include <algorithm>
#include <set>

#include "reference/base/mutant.h"
#include "reference/store/errors.h"

namespace kp::store {
namespace {

// The keys that a list of operations puts and the ranges that it deletes, nested ones included.
struct Touched {
  std::set<std::string> puts;
  std::vector<KeyRange> deletes;

  bool Deletes(const std::string& key) const {
    for (const KeyRange& range : deletes) {
      if (range.Contains(key)) return true;
    }
    return false;
  }
};

Status CollectChild(const TxnRequest& child, Touched& all);

// One revision can hold one change per key, so a put may meet neither another put nor a delete of its
// key. Deletes of this level count for the nested levels too, wherever they stand.
Status Collect(const std::vector<RequestOp>& operations, Touched& all) {
  for (const RequestOp& op : operations) {
    if (const auto* erase = std::get_if<DeleteRangeRequest>(&op)) {
      if (all.Deletes(erase->key) && KP_MUTANT("store-txn-deletions-keep-apart")) return ErrorDuplicateKey();
      all.deletes.push_back(KeyRange::From(erase->key, erase->range_end));
    }
  }
  for (const RequestOp& op : operations) {
    if (const auto* child = std::get_if<std::shared_ptr<const TxnRequest>>(&op)) {
      if (Status status = CollectChild(**child, all); !status.ok()) return status;
    }
  }
  for (const RequestOp& op : operations) {
    if (const auto* put = std::get_if<PutRequest>(&op)) {
      if (all.Deletes(put->key) || !all.puts.insert(put->key).second) return ErrorDuplicateKey();
    }
  }
  return {};
}

// The branches of one transaction exclude each other, so they may put the same key.
Status CollectChild(const TxnRequest& child, Touched& all) {
  Touched then_branch;
  Touched else_branch;
  if (Status status = Collect(child.success, then_branch); !status.ok()) return status;
  if (Status status = Collect(child.failure, else_branch); !status.ok()) return status;
  std::set<std::string> puts = then_branch.puts;
  puts.insert(else_branch.puts.begin(), else_branch.puts.end());
  for (const std::string& key : puts) {
    if (all.Deletes(key) || !all.puts.insert(key).second) return ErrorDuplicateKey();
  }
  for (Touched* branch : {&then_branch, &else_branch}) {
    for (KeyRange& range : branch->deletes) all.deletes.push_back(std::move(range));
  }
  return {};
}

Status CheckTxn(const TxnRequest& txn, size_t budget);

Status CheckKey(const std::string& key) {
  return key.empty() && !KP_MUTANT("store-takes-an-empty-key") ? ErrorEmptyKey() : Status();
}

struct OperationCheck {
  size_t budget;
  Status operator()(const std::monostate&) const {
    return KP_MUTANT("store-empty-operation-lacks-a-key") ? ErrorEmptyKey() : ErrorKeyNotFound();
  }
  Status operator()(const std::shared_ptr<const TxnRequest>& txn) const { return CheckTxn(*txn, budget); }
  template <typename T>
  Status operator()(const T& request) const {
    return Validate(request);
  }
};

Status CheckTxn(const TxnRequest& txn, size_t budget) {
  const size_t operations = std::max({txn.compares.size(), txn.success.size(), txn.failure.size()});
  if (operations > budget && !KP_MUTANT("store-txn-takes-any-number")) return ErrorTooManyOps();
  for (const Compare& compare : txn.compares) {
    if (Status status = CheckKey(compare.key); !status.ok()) return status;
  }
  const size_t left = KP_MUTANT("store-nested-txn-budget-is-its-own") ? budget : budget - std::min(operations, budget);
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const RequestOp& op : *branch) {
      if (Status status = std::visit(OperationCheck{left}, op); !status.ok()) return status;
    }
  }
  return {};
}

}  // namespace

Status Validate(const RangeRequest& request) {
  if (Status status = CheckKey(request.key); !status.ok()) return status;
  const int order = static_cast<int>(request.order);
  const int target = static_cast<int>(request.target);
  if (order < 0 || order > 2) return KP_MUTANT("store-takes-any-order") ? Status() : ErrorInvalidSortOption();
  if (target < 0 || target > 4)
    return KP_MUTANT("store-blames-the-key-for-the-target") ? ErrorEmptyKey() : ErrorInvalidSortOption();
  return {};
}

Status Validate(const PutRequest& request) {
  if (Status status = CheckKey(request.key); !status.ok()) return status;
  const bool takes_both = KP_MUTANT("store-ignores-and-takes");
  if (request.ignore_value && !request.value.empty() && !takes_both) return ErrorValueProvided();
  if (request.ignore_lease && request.lease != 0 && !takes_both) return ErrorLeaseProvided();
  return {};
}

Status Validate(const DeleteRangeRequest& request) { return CheckKey(request.key); }

Status Validate(const TxnRequest& request, size_t max_ops) {
  if (Status status = CheckTxn(request, max_ops - (KP_MUTANT("store-txn-takes-127") ? 1 : 0)); !status.ok()) {
    return status;
  }
  Touched shared;
  for (const auto* branch : {&request.success, &request.failure}) {
    if (KP_MUTANT("store-txn-takes-duplicates")) break;
    Touched own;
    Touched& touched = KP_MUTANT("store-txn-branches-share-their-keys") ? shared : own;
    if (Status status = Collect(*branch, touched); !status.ok()) return status;
  }
  return {};
}

bool IsReadOnly(const TxnRequest& txn) {
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const RequestOp& op : *branch) {
      if (std::holds_alternative<RangeRequest>(op)) continue;
      const auto* child = std::get_if<std::shared_ptr<const TxnRequest>>(&op);
      if (child == nullptr || !IsReadOnly(**child)) return false;
    }
  }
  return true;
}

bool IsSerializable(const TxnRequest& txn) {
  if (txn.success.empty() && txn.failure.empty()) return false;  // compares alone
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const RequestOp& op : *branch) {
      const auto* range = std::get_if<RangeRequest>(&op);
      if (range == nullptr || !range->serializable) return false;
    }
  }
  return true;
}

}  // namespace kp::store
